"""The image of a generated project: what is in it, and what a change to it costs."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo import image
from rig.machine.commands import need

from .conftest import Built

LISTING = """
import hashlib, json, os, sys
top, found = sys.argv[1], {}
for folder, names, files in os.walk(top):
    for name in files + [n for n in names if os.path.islink(os.path.join(folder, n))]:
        path = os.path.join(folder, name)
        data = os.readlink(path).encode() if os.path.islink(path) else open(path, "rb").read()
        found[os.path.relpath(path, top)] = hashlib.sha256(data.replace(top.encode(), b"@")).hexdigest()
json.dump(found, sys.stdout)
"""


ONLY_NATIVE = ("CACHEDIR.TAG", "conda-meta/strata.lock", "conda-meta/strata-environment")
"""What strata writes into a prefix, and into no layer."""


@pytest.fixture(scope="module")
def prefix(built: Built) -> Path:
    """The same lock in a native prefix."""
    built.project.strata("install", "--env", "dev")
    return built.project.folder / ".conda"


def test_project_passes_its_tests_in_the_image(built: Built) -> None:
    done = image.run(built.reference("dev"), built.project.folder, "pytest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_analysis_runs_in_the_runtime_image(built: Built) -> None:
    done = image.run(built.reference("runtime"), built.project.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    reports = built.project.folder / "reports"
    metrics = json.loads((reports / "metrics.json").read_text())
    assert 0.9 < metrics["accuracy"] <= 1
    assert (reports / "report.html").read_text("utf-8").count("data:image/svg+xml;base64,") >= 1


def test_project_passes_its_tests_in_a_native_prefix(built: Built, prefix: Path) -> None:
    assert prefix.is_dir()
    pip = ("python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e.")
    built.project.strata("run", "--", *pip)
    built.project.strata("run", "--", "pytest")
    built.project.strata("run", "--", "python", "-m", built.project.package, "--out", "native")
    in_image = json.loads((built.project.folder / "reports" / "metrics.json").read_text())
    assert json.loads((built.project.folder / "native" / "metrics.json").read_text()) == in_image


def test_image_holds_what_a_native_prefix_holds(built: Built, tmp_path: Path) -> None:
    """Same files, same bytes; the records in conda-meta name the same packages."""
    native = tmp_path / "native"
    built.project.strata("install", "--env", "dev", "--prefix", str(native))
    script = tmp_path / "listing.py"
    script.write_text(LISTING)
    command = [os.fspath(native / "bin/python"), os.fspath(script), os.fspath(native)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    in_image = listing(built.reference("dev"), tmp_path)
    assert sorted(in_image ^ comparable(done.stdout))[:20] == []
    assert len(in_image) > 10_000


def listing(reference: str, folder: Path) -> set[tuple[str, str]]:
    (folder / "listing.py").write_text(LISTING)
    listed = image.run(reference, folder, "python", "listing.py", "/opt/env")
    assert listed.returncode == 0, listed.stderr
    return comparable(listed.stdout)


def comparable(listed: str) -> set[tuple[str, str]]:
    return {
        (path, "" if path.startswith("conda-meta/") else digest)
        for path, digest in json.loads(listed).items()
        if "__pycache__" not in path and path not in ONLY_NATIVE
    }


def test_two_cold_pushes_are_identical(built: Built, tmp_path: Path) -> None:
    """Another repository, nothing cached: every environment layer has its old digest."""
    before = image.digests(built.first.output)
    other = f"{built.project.image}-again"
    command = [os.fspath(Path(sys.executable).parent / "strata"), "image", "push"]
    # Only the base is taken from the first repository: another tag than the image's is named.
    command += ["--registry", other, "--reuse", f"{built.project.image}:none"]
    done = subprocess.run(
        [*command, *image.options(built.cloud)],
        cwd=built.project.folder,
        env=os.environ | {"RATTLER_CACHE_DIR": str(tmp_path / "cold")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "dev: 0 layers made" not in done.stderr
    assert image.digests(done.stdout) == before


def test_nothing_changed_builds_nothing(built: Built) -> None:
    """A commit of code alone: the key is known, so Docker is asked for nothing but a digest."""
    code = built.project.folder / "src" / built.project.package / "features.py"
    before = code.read_text("utf-8")
    code.write_text(before + "\n# a comment more\n", "utf-8")
    again = image.publish(built.project.folder, built.cloud)
    code.write_text(before, "utf-8")
    assert again.ran == {}
    assert [line.partition(": ")[2] for line in again.log.splitlines()] == [
        f"{built.project.image}:{target}-{key(built)} is there already" for target in image.TARGETS
    ]
    assert again.output == built.first.output


def key(built: Built) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "conda_strata", "image", "digest", "--json"]
        + image.options(built.cloud),
        cwd=built.project.folder,
        capture_output=True,
        check=True,
    )
    return str(json.loads(done.stdout)["key"])


def test_built_archived_and_pushed_are_one(built: Built, tmp_path: Path) -> None:
    """In Docker by way of its own pull, in an archive, and in the registry: the same digest."""
    image.forget(built.reference(target) for target in image.TARGETS)
    local = image.build(built.project.folder, built.cloud)
    names = dict(line.split("=", 1) for line in local.output.splitlines())
    assert names == {target: built.reference(target) for target in image.TARGETS}
    assert local.ran == {}
    ran = image.run(names["runtime"], built.project.folder, "python", "-c", "import pandas")
    assert ran.returncode == 0, ran.stderr
    archive = tmp_path / "images.tar"
    image.build(built.project.folder, built.cloud, "--output", str(archive))
    skopeo = need("skopeo", "skopeo")
    for target, digest in image.digests(built.first.output).items():
        shown = subprocess.run(
            [skopeo, "inspect", "--format", "{{.Digest}}", f"oci-archive:{archive}:{target}"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.strip() == digest
    loaded = subprocess.run(
        ["docker", "load", "--input", str(archive)], capture_output=True, text=True, check=True
    )
    assert names["dev"] in loaded.stdout


def test_image_of_one_layer_holds_the_same(built: Built, tmp_path: Path) -> None:
    """What `docker build` makes of a checkout without a lock, which is solved on the spot."""
    folder = tmp_path / "checkout"
    shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
    for name, packages in (
        ("environment", "- python =3.11\n- jinja2"),
        ("environment-dev", "- pip"),
    ):
        file = folder / f"{name}.yml"
        head, dependencies, _ = file.read_text("utf-8").partition("\ndependencies:\n")
        file.write_text(f"{head}{dependencies}{packages}\n", "utf-8")
    dataclasses.replace(built.project, folder=folder).strata("lock", *built.here.lock_options)
    pushed = image.push(folder, built.cloud).output.splitlines()
    layered = dict(line.split("=", 1) for line in pushed)
    (folder / "strata.lock").unlink()
    for target in image.TARGETS:
        name = f"one-layer:{target}"
        one_layer = image.plain_build(folder, built.cloud, target, "--load", "--tag", name)
        if target == "dev":  # the stage of the environment is built once
            assert "no strata.lock here: solving linux-64" in image.said(one_layer.log)
        assert listing(name, tmp_path) == listing(layered[target], tmp_path)
        asked = "{{json .Config.Env}} {{json .Config.Cmd}} {{.Config.User}} {{.Config.WorkingDir}}"
        one, many = (
            subprocess.run(
                ["docker", "image", "inspect", "--format", asked, reference],
                capture_output=True,
                check=True,
            ).stdout
            for reference in (f"one-layer:{target}", layered[target])
        )
        assert one == many


def test_runtime_for_two_platforms_without_emulation(built: Built, tmp_path: Path) -> None:
    """Its base runs nothing of the platform, and the environment is linked, not run."""
    folder = tmp_path / "checkout"
    shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
    both = ("--platform", "linux-64", "--platform", "linux-aarch64")
    project = dataclasses.replace(built.project, folder=folder)
    project.strata("lock", *both)
    options = ("--target", "runtime", *both, *image.options(built.cloud))
    project.strata("image", "push", *options)
    done = subprocess.run(
        [sys.executable, "-m", "conda_strata", "image", "digest", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    name = done.stdout.strip().removeprefix("runtime=")
    listed = subprocess.run(
        ["docker", "buildx", "imagetools", "inspect", "--raw", name],
        capture_output=True,
        check=True,
    )
    architectures = [m["platform"]["architecture"] for m in json.loads(listed.stdout)["manifests"]]
    assert architectures == ["amd64", "arm64"]
    for platform, machine in (("linux/amd64", 62), ("linux/arm64", 183)):
        made = subprocess.run(
            ["docker", "create", "--pull=always", f"--platform={platform}", name],
            capture_output=True,
            text=True,
            check=True,
        )
        container = made.stdout.split()[-1]
        copied = tmp_path / f"python-{machine}"
        source = f"{container}:/opt/env/bin/python3.11"
        subprocess.run(["docker", "cp", "--quiet", source, str(copied)], check=True)
        subprocess.run(["docker", "rm", container], capture_output=True, check=True)
        assert int.from_bytes(copied.read_bytes()[18:20], "little") == machine
    ran = image.run(name, folder)
    assert ran.returncode == 0, ran.stderr


def test_dev_contains_the_layers_of_runtime(built: Built) -> None:
    """Both images share the environment's layers, so both are pulled for the price of one."""
    dev = image.environment_layers(built.reference("dev"))
    runtime = image.environment_layers(built.reference("runtime"))
    assert runtime == {slot: digest for slot, digest in dev.items() if slot <= max(runtime)}
    assert len(dev) > len(runtime)
    sizes = {target: sum(built.sizes[target].values()) for target in image.TARGETS}
    assert sizes["runtime"] < sizes["dev"]


def test_users_are_not_root_and_can_or_cannot_write(built: Built) -> None:
    """In dev any user of group 0 may add packages; the runtime environment is read-only."""
    for user in ("", "--user=4321:0"):
        command = ["docker", "run", "--rm", *filter(None, [user]), built.reference("dev")]
        done = subprocess.run(
            [*command, "sh", "-c", 'id -u; test -w "$CONDA_PREFIX/lib" && echo writable'],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == [user[7:11] or "1000", "writable"]
    done = subprocess.run(
        ["docker", "run", "--rm", built.reference("runtime"), "sh", "-c"]
        + ['id -u; test -w "$CONDA_PREFIX/lib" || echo read-only'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1000", "read-only"]


def test_container_commit_and_ci_agree(built: Built, tmp_path: Path) -> None:
    """As the dev user: edit environment.yml, lock, install, and it is there without a rebuild.

    The lock so made is committed; the image that CI makes of it holds what the container held.
    """
    folder = tmp_path / "checkout"
    shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
    for path in (folder, *folder.glob("environment*.yml"), folder / "strata.lock"):
        path.chmod(path.stat().st_mode | 0o666)
    (folder / "listing.py").write_text(LISTING)
    words = ["docker", "run", "--rm", f"--volume={folder}:/workspace"]
    if built.cloud.rattler_config:
        words.append(f"--volume={built.cloud.rattler_config}:/etc/rattler/config.toml:ro")
    platforms = " ".join(built.here.lock_options)
    script = f"""set -eu
        ! python -c 'import mdurl' 2>/dev/null
        echo '  - mdurl' >> environment.yml
        strata lock {platforms}
        strata install 2> /tmp/said
        sed -n 's/^installed \\([0-9]*\\),.*/\\1/p' /tmp/said
        strata check {platforms}
        python -c 'import mdurl, sys; print(sys.prefix, mdurl.__name__)'
        id -u
        python listing.py /opt/env"""
    done = subprocess.run(
        [*words, built.reference("dev"), "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    installed, *rest, in_container = done.stdout.splitlines()[-5:]
    assert 1 <= int(installed) <= 5
    assert rest == ["strata.lock is up to date", "/opt/env mdurl", "1000"]

    published = dict(
        line.split("=", 1) for line in image.push(folder, built.cloud).output.splitlines()
    )
    assert listing(published["dev"], tmp_path) == comparable(in_container)


def test_runtime_has_no_tools(built: Built) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", built.reference("runtime"), "sh", "-c"]
        + ["for tool in git jupyter pytest ruff pip sudo; do command -v $tool; done; true"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_no_trace_of_the_secret_configuration(built: Built) -> None:
    """Mirrors and credentials reach the build by a secret mount and stay out of the image."""
    config = built.cloud.rattler_config
    if config is None:
        pytest.skip("conda-forge itself is used here: there is no mirror to look for")
    host = config.read_text().rpartition("//")[2].partition("/")[0]
    history = subprocess.run(
        ["docker", "history", "--no-trunc", built.reference("dev")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert host not in history.stdout
    grep = image.run(built.reference("dev"), Path("/tmp"), "grep", "-rlF", host, "/opt/env", "/etc")  # noqa: S108
    assert grep.stdout == ""


def test_one_package_more_costs_one_package(built: Built) -> None:
    """Last in this file, as it changes the project. Only the new package's bytes are new."""
    if not built.here.own_docker:
        pytest.skip("this Docker daemon is not the rig's own: its cache is not ours to drop")
    project = built.project
    old = image.blobs(built.reference("dev")) | image.blobs(built.reference("runtime"))
    project.add_dependency("rich")
    project.strata("lock", *built.here.lock_options)
    image.forget(built.reference(target) for target in image.TARGETS)
    rebuilt = image.publish(project.folder, built.cloud)
    new = image.blobs(built.reference("dev")) | image.blobs(built.reference("runtime"))
    pushed = sum(size for digest, size in new.items() if digest not in old)
    assert pushed < 0.02 * sum(new.values())
    assert rebuilt.ran == {}
    imported = image.run(built.reference("runtime"), project.folder, "python", "-c", "import rich")
    assert imported.returncode == 0, imported.stderr
