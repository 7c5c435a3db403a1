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
    parser.add_argument("--keep", action="store_true", help="leave the rig running at the end")
    args = parser.parse_args(words)
    out = args.out.absolute()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    try:
        here = surroundings.find(out / "wheels", docker=not args.no_docker)
        project = _make(out, here)
        if here.cloud:
            _in_images(project, here, here.cloud)
        else:
            print("\nNo Docker here: the same in a native prefix.")
            _in_a_prefix(project, here)
        print(f"\nThe report to open: {project.folder / 'reports' / 'report.html'}")
    except rig.RigError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"demo: {' '.join(map(str, error.cmd))} failed", file=sys.stderr)
        return 1
    finally:
        if not args.keep:
            rig.down()
    return 0


def _make(out: Path, here: surroundings.Surroundings) -> Project:
    _title("A new project")
    project = generate(out, here.answers)
    print(f"{project.folder}\n  answers that differ from the defaults: {here.answers}")
    _title("Its lock")
    project.strata("lock", *here.platforms)
    return project


def _in_images(project: Project, here: surroundings.Surroundings, cloud: image.Cloud) -> None:
    _title("Its images: pushed in layers")
    built = image.publish(project.folder, cloud)
    before = _sizes(project)
    print(f"{built.seconds:.0f} s, {_mb(sum(before.values()))} in {len(before)} blobs pushed")

    _title("Its tests and its analysis, in the images")
    _shown(image.run(f"{project.image}:dev", project.folder, "pytest"))
    _shown(image.run(f"{project.image}:runtime", project.folder))

    _title(f"One more package: {MORE}")
    project.add_dependency(MORE)
    project.strata("lock", *here.platforms)
    if here.own_docker:
        image.forget([f"{project.image}:{target}" for target in image.TARGETS])
        print("the builder's cache and the images are dropped; what is left is in the registry")
    else:
        print("this Docker daemon is yours, so its cache is left alone and helps this build")
    built = image.publish(project.folder, cloud)
    after = _sizes(project)
    new = {digest: size for digest, size in after.items() if digest not in before}
    steps = ", ".join(f"{stage} ({count})" for stage, count in built.ran.items())
    print(f"stages re-run   {steps or 'none'}")
    print(f"bytes new       {_mb(sum(new.values()))} of {_mb(sum(after.values()))}")
    print(f"seconds         {built.seconds:.0f}")
    _shown(image.run(f"{project.image}:dev", project.folder, "python", "-c", f"import {MORE}"))


def _in_a_prefix(project: Project, here: surroundings.Surroundings) -> None:
    _title("Its environment, its tests and its analysis")
    project.strata("install", "--env", "dev")
    pip = ("python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e.")
    project.strata("run", "--", *pip)
    project.strata("run", "--", "pytest")
    project.strata("run", "--", "python", "-m", project.package)
    _title(f"One more package: {MORE}")
    project.add_dependency(MORE)
    project.strata("lock", *here.platforms)
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


def _shown(done: subprocess.CompletedProcess[str]) -> None:
    print(done.stdout.rstrip())
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        done.check_returncode()


def _title(text: str) -> None:
    print(f"\n── {text} {'─' * (76 - len(text))}", flush=True)


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
