from __future__ import annotations

import hashlib
import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import BUILT, PACKED, HandMadeChannel, Strata, write_environment

PREFIX = Path("opt/env")


@pytest.fixture(autouse=True)
def locked(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write_environment(project, channel, ["frames", "paths", "left", "right"])
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    assert strata("lock").returncode == 0


def fingerprint(top: Path) -> str:
    """Everything an image layer records: names, modes, times, link targets and bytes."""
    lines = []
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            content = os.fspath(path.readlink())
        else:
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        name = path.relative_to(top)
        lines.append(f"{name} {status.st_mode:o} {status.st_mtime_ns} {content}")
    return "\n".join(lines)


def test_same_everywhere(strata: Strata, tmp_path: Path) -> None:
    """Another umask, cache and locale, packages cached or not: the trees are the same."""
    other = {"RATTLER_CACHE_DIR": str(tmp_path / "elsewhere"), "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    assert strata("layers", "--env", "dev", "--out", "one", umask=0o022).returncode == 0
    assert strata("layers", "--env", "dev", "--out", "two", umask=0o077, **other).returncode == 0
    assert strata("layers", "--env", "dev", "--out", "three").returncode == 0
    project = Path.cwd()
    assert fingerprint(project / "one") == fingerprint(project / "two")
    assert fingerprint(project / "one") == fingerprint(project / "three")


def test_layers_together_are_the_native_prefix(strata: Strata, project: Path) -> None:
    """One on top of the other, the layers hold what 'strata install' makes."""
    strata("layers", "--env", "dev", "--out", "out", "--prefix", str(project / "env"))
    strata("install", "--env", "dev", "--prefix", "env")
    image = project / "image"
    for layer in sorted((project / "out").iterdir()):
        subprocess.run(["cp", "-a", f"{layer}/.", str(image)], check=True)
    layered, native = image / project.relative_to("/") / "env", project / "env"
    files = {p.relative_to(native) for p in native.rglob("*") if not p.is_dir()}
    assert {p.relative_to(layered) for p in layered.rglob("*") if not p.is_dir()} == files - {
        Path("CACHEDIR.TAG"),
        Path("conda-meta/strata.lock"),
        Path("conda-meta/strata-environment"),
    }
    for file in files:
        if file.parts[0] not in ("conda-meta", "CACHEDIR.TAG"):
            assert (layered / file).read_bytes() == (native / file).read_bytes(), file


def packages(layer: Path) -> list[str]:
    records = (layer / PREFIX / "conda-meta").glob("*.json")
    return sorted(record.name.removesuffix(".json") for record in records)


def test_plan_and_layers_agree(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write_environment(project, channel, ["frames", "paths", "left"])
    strata("lock")
    plan = json.loads(strata("plan", "--env", "dev", "--json").stdout)
    strata("layers", "--env", "dev", "--out", "out")
    assert [p.name for p in sorted((project / "out").iterdir())] == [f"{i:02}" for i in range(96)]
    for layer in plan["layers"]:
        assert packages(project / "out" / layer["id"]) == layer["packages"]


def test_packages_that_own_the_same_file_share_a_layer(strata: Strata, project: Path) -> None:
    """Whichever wins: the layer is right on its own, and no other depends on it."""
    strata("layers", "--out", "out")
    holders = [layer for layer in (project / "out").iterdir() if "left-1.0-h0_0" in packages(layer)]
    assert [packages(layer) for layer in holders] == [["left-1.0-h0_0", "right-1.0-h0_0"]]
    loser = [p for layer in holders for p in layer.rglob("__clobbers__/*/share/shared.txt")]
    assert len(loser) == 1


def test_a_collision_with_dev_leaves_the_layers_of_default_alone(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """They are the same in both images, so dev's file comes on top."""
    write_environment(project, channel, ["frames", "right"])
    write_environment(project, channel, ["left"], "environment-dev.yml")
    strata("lock")
    strata("layers", "--out", "default")
    strata("layers", "--env", "dev", "--out", "dev")
    for slot in range(12):
        name = f"{slot:02}"
        assert fingerprint(project / "default" / name) == fingerprint(project / "dev" / name)
    files = sorted((project / "dev").glob("*/opt/env/share/shared.txt"))
    assert [file.read_text() for file in files] == ["right\n", "left\n"]


def test_default_is_the_start_of_dev(strata: Strata) -> None:
    """The runtime image's layers are the first 12 of the dev image, unchanged."""
    default = json.loads(strata("plan", "--json").stdout)["layers"]
    dev = json.loads(strata("plan", "--env", "dev", "--json").stdout)["layers"]
    assert dev[: len(default)] == default
    assert [layer["packages"] for layer in dev[len(default) :]] == [["tool-1.0-h0_0"]]
    assert all(int(layer["id"]) < 12 for layer in default)
    assert all(int(layer["id"]) >= 12 for layer in dev[len(default) :])


def test_nothing_tells_of_this_machine(strata: Strata, project: Path, tmp_path: Path) -> None:
    """Modes and times are regular; no path of the cache is left in any file."""
    strata("layers", "--out", "out")
    for path in (project / "out").rglob("*"):
        status = path.lstat()
        assert status.st_mtime <= BUILT.timestamp()
        if path.is_dir():
            below = "opt/env" in path.as_posix()
            assert status.st_mode & 0o777 == (0o775 if below else 0o755), path
        else:
            assert status.st_mode & 0o777 in (0o664, 0o775), path
            assert str(tmp_path).encode() not in path.read_bytes() or path.suffix == ".json"
    records = list((project / "out").rglob("conda-meta/*.json"))
    assert records
    for record in records:
        assert not {"link", "extracted_package_dir"} & json.loads(record.read_text()).keys()


def test_prefix_is_the_one_in_the_image(strata: Strata, project: Path) -> None:
    strata("layers", "--out", "out", "--prefix", "/srv/env")
    (file,) = (project / "out").rglob("paths.txt")
    assert file.read_text() == "prefix=/srv/env/share\n"
    assert file.as_posix().endswith("/srv/env/share/paths.txt")


def test_layers_solve_where_there_is_no_lock(strata: Strata, project: Path) -> None:
    """The image builds from a loose environment.yml alone; --locked forbids it."""
    (project / "strata.lock").unlink()
    assert strata("layers", "--out", "refused", "--locked").returncode == 1
    built = strata("layers", "--out", "out")
    assert built.returncode == 0
    assert "no strata.lock here: solving linux-64" in built.stderr
    assert not (project / "strata.lock").exists()


def test_refuses_a_folder_in_use(strata: Strata, project: Path) -> None:
    (project / "out").mkdir()
    (project / "out" / "mine.txt").write_text("keep")
    refused = strata("layers", "--out", "out")
    assert (refused.returncode, "not empty" in refused.stderr) == (2, True)
    assert [p.name for p in (project / "out").iterdir()] == ["mine.txt"]


def test_modules_keep_their_time(strata: Strata, project: Path, tmp_path: Path) -> None:
    """Compiled modules name it; else Python would compile them at each start."""
    own = HandMadeChannel(tmp_path / "own")
    module = "lib/python3.11/site-packages/x.py"
    own.add("x", "1.0", {module: "name = 1\n"}, built=PACKED - timedelta(days=1))
    own.index()
    (project / "environment-dev.yml").unlink()
    write_environment(project, own, ["x"])
    strata("lock")
    strata("layers", "--out", "out")
    (file,) = (project / "out").rglob("x.py")
    assert file.stat().st_mtime == PACKED.timestamp()


LEFT_OUT = ("lib/libx.a", "include/x.h", "share/man/man1/x.1", "share/app/x.js.map")
STAYS = ("lib/libx.so", "share/app/x.js", "lib/python3.11/site-packages/x/tests/helper.py")


def test_slim_leaves_out_what_programs_do_not_open(
    strata: Strata, project: Path, tmp_path: Path
) -> None:
    """Off by default."""
    own = HandMadeChannel(tmp_path / "own")
    test = "lib/python3.11/site-packages/x/tests/test_x.py"
    own.add("x", "1.0", dict.fromkeys((*LEFT_OUT, *STAYS, test), "text\n"))
    own.index()
    (project / "environment-dev.yml").unlink()
    write_environment(project, own, ["x"])
    strata("lock")
    strata("layers", "--out", "all")
    strata("layers", "--out", "slim", "--slim")
    held = {
        out: {
            path.relative_to(layer / PREFIX).as_posix()
            for layer in (project / out).iterdir()
            for path in layer.rglob("*")
            if path.is_file()
        }
        for out in ("all", "slim")
    }
    assert held["all"] - held["slim"] == {*LEFT_OUT, test}
    assert held["slim"] >= set(STAYS)


def test_a_missing_package_leaves_nothing_behind(
    strata: Strata, project: Path, tmp_path: Path
) -> None:
    own = HandMadeChannel(tmp_path / "own")
    for name in ("x", "y"):
        own.add(name)
    own.index()
    (project / "environment-dev.yml").unlink()
    write_environment(project, own, ["x", "y"])
    strata("lock")
    next(own.folder.glob("*/y-*")).unlink()
    failed = strata("layers", "--out", "out")
    assert (failed.returncode, "y-1.0-h0_0" in failed.stderr) == (6, True)
    assert not list((project / "out").glob("*"))
    assert not list((tmp_path / "cache").glob(".layers-*"))
