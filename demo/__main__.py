"""``python -m demo``: the main job, from one command to a tested image, then one package more."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rig
from demo import image, surroundings
from demo.project import Project, generate

MORE = "rich"
"""The package that is added: three small packages, none of which the project has."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-project"), help="folder to work in")
    parser.add_argument("--no-docker", action="store_true", help="use a native prefix")
    parser.add_argument("--down", action="store_true", help="stop at the end what the demo started")
    args = parser.parse_args(words)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    out = args.out.absolute()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    was_up = rig.status()["up"]
    try:
        here = surroundings.find(out / "wheels", docker=not args.no_docker)
        project = _make(out, here)
        if here.cloud:
            _in_images(project, here, here.cloud)
        else:
            print("\nNo Docker here: the same in a native prefix.")
            _in_a_prefix(project)
    except rig.RigError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        said = f"\n{error.stderr}" if error.stderr else ""
        print(f"demo: {' '.join(map(str, error.cmd))} failed{said}", file=sys.stderr)
        return 1
    finally:
        # What others started is theirs; what a person can use now needs the registry.
        stopped = not was_up and (args.down or args.no_docker)
        if stopped:
            rig.down()
    _next(project, native=here.cloud is None, stopped=stopped, started=not was_up)
    return 0


def _next(project: Project, *, native: bool, stopped: bool, started: bool) -> None:
    """Say what a person can type now."""
    _title("Yours to use")
    print(f"cd {project.folder}")
    if native:
        print(".conda/bin/python -m pytest")
    elif not stopped:
        print('docker run --rm --volume="$PWD:/workspace" \\')
        print(f"  {project.image}:dev pytest")
    print("# and open reports/report.html in a browser")
    if started and not stopped:
        print("\nThe registry of this demo is left running. To stop it:")
        print(f"cd {surroundings.CHECKOUT}")
        print(f"{sys.executable.removeprefix(f'{surroundings.CHECKOUT}/')} -m rig down")


def _make(out: Path, here: surroundings.Surroundings) -> Project:
    _title("A new project")
    project = generate(out, here.answers)
    print(project.folder)
    for name, answer in here.answers.items():
        print(f"  {name}: {answer}")
    if here.platforms:
        project.lock_only_for(here.platforms)
        print(f"  platforms, those of the local channel: {', '.join(here.platforms)}")
    _title("Its lock")
    project.strata("lock")
    return project


def _in_images(project: Project, here: surroundings.Surroundings, cloud: image.Cloud) -> None:
    _title("Its images: pushed in layers")
    print("a minute or two, if nothing is there yet")
    built = image.publish(project.folder, cloud, say=print)
    before = _sizes(project)
    print(f"seconds         {built.seconds:.0f}")

    _title("Its tests and its analysis, in the images")
    image.show(f"{project.image}:dev", project.folder, "pytest")
    image.show(f"{project.image}:runtime", project.folder)

    _title(f"One more package: {MORE}")
    project.add_dependency(MORE)
    project.strata("lock")
    if here.own_docker:
        image.forget([f"{project.image}:{target}" for target in image.TARGETS])
        print("The builder's cache and the images are dropped: what is left is in the registry.")
    else:
        print("This Docker daemon is yours: its cache is left alone, and helps this build.")
    built = image.publish(project.folder, cloud, say=print)
    after = _sizes(project)
    new = {digest: size for digest, size in after.items() if digest not in before}
    steps = ", ".join(f"{stage} ({count})" for stage, count in built.ran.items())
    print(f"stages re-run   {steps or 'none'}")
    print(f"bytes changed   {_mb(sum(new.values()))} of {_mb(sum(after.values()))}")
    print(f"seconds         {built.seconds:.0f}")
    image.show(f"{project.image}:dev", project.folder, "python", "-c", f"import {MORE}")


def _in_a_prefix(project: Project) -> None:
    _title("Its environment, its tests and its analysis")
    project.strata("install", "--env", "dev")
    pip = ("python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e.")
    project.strata("run", "--", *pip)
    project.strata("run", "--", "pytest")
    project.strata("run", "--", "python", "-m", project.package)
    _title(f"One more package: {MORE}")
    project.add_dependency(MORE)
    project.strata("lock")
    started = time.monotonic()
    project.strata("install", "--env", "dev")
    print(f"seconds         {time.monotonic() - started:.1f}")
    project.strata("run", "--", "python", "-c", f"import {MORE}")


def _sizes(project: Project) -> dict[str, int]:
    """Return digest to size of the blobs of both images."""
    found: dict[str, int] = {}
    for target in image.TARGETS:
        found |= image.blobs(f"{project.image}:{target}")
    return found


def _title(text: str) -> None:
    print(f"\n── {text} {'─' * (76 - len(text))}", flush=True)


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
