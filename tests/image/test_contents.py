"""What a layer holds is the same on every machine, and belongs to the packages of the layer."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from conda_strata.core.errors import StrataError, UsageError
from conda_strata.image import contents as contents_module
from conda_strata.image.contents import EPOCH, Contents, Entry, Link, linked
from conda_strata.image.folders import write_layers
from conda_strata.image.layer_set import LayerSet
from tests.conftest import BUILT, PACKED, SUBDIR, HandMadeChannel
from tests.support.python_index import serving
from tests.support.records import lock_of, newest, wheel

NAMES = ("frames", "numbers", "paths", "python")


@pytest.fixture(autouse=True)
def in_project(project: Path) -> Path:
    return project


def wanted(channel: HandMadeChannel, *names: str, **more: Any) -> LayerSet:
    known = newest(channel)
    lock = lock_of({"default": [known[name] for name in sorted(names)]})
    return LayerSet.of(lock, None, "default", SUBDIR, **more)


@contextmanager
def contents(channel: HandMadeChannel, *names: str, **more: Any) -> Iterator[dict[str, Entry]]:
    with linked(wanted(channel, *names, **more)) as found:
        yield {one.path: one for entries in found.entries.values() for one in entries}


def test_files_have_the_modes_and_times_of_their_packages(channel: HandMadeChannel) -> None:
    with contents(channel, *NAMES, prefix="/srv/env") as found:
        where = found["bin/where"]
        assert isinstance(where.content, Path)
        assert where.content.read_text() == "#!/bin/sh\necho /srv/env\n"
        assert (oct(where.mode), where.time) == ("0o775", PACKED.timestamp())
        assert oct(found["share/paths.txt"].mode) == "0o664"
        module = found["lib/python3.11/site-packages/frames/__init__.py"]
        assert (oct(module.mode), module.time) == ("0o664", PACKED.timestamp())
        command = found["bin/count-frames"]
        assert (oct(command.mode), command.time) == ("0o775", BUILT.timestamp())
        history = found["conda-meta/history"]
        assert (history.content, history.mode, history.time) == (b"", 0o664, EPOCH)


def compiled(modified: int, size: int, flags: int = 0) -> str:
    return (b"3\r\r\n" + struct.pack("<III", flags, modified, size) + b"code").decode()


@pytest.mark.parametrize(
    ("cached", "modified"),
    [
        ({"one.cpython-311.pyc": compiled(100, 6)}, 100),
        ({"one.cpython-311.opt-1.pyc": compiled(100, 6)}, PACKED.timestamp()),
        ({"one.cpython-311.pyc": compiled(100, 5)}, PACKED.timestamp()),
        ({"one.cpython-311.pyc": compiled(100, 6, flags=1)}, PACKED.timestamp()),
        ({"one.cpython-311.pyc": compiled(100, 6)[:12]}, PACKED.timestamp()),
        ({"other.cpython-311.pyc": compiled(100, 6)}, PACKED.timestamp()),
        ({"one.cpython-311.txt": compiled(100, 6)}, PACKED.timestamp()),
    ],
    ids=["valid", "optimized", "other size", "by a hash", "cut", "without source", "no module"],
)
def test_a_module_has_the_time_that_its_compiled_form_names(
    tmp_path: Path, cached: dict[str, str], modified: float
) -> None:
    """Whatever time its archive gives it: Python compares the two."""
    channel = HandMadeChannel(tmp_path / "channel")
    files = {"lib/one.py": "x = 1\n"} | {f"lib/__pycache__/{k}": v for k, v in cached.items()}
    channel.add("one", "1.0", files)
    channel.index()
    with contents(channel, "one") as found:
        assert found["lib/one.py"].time == modified
        for name in cached:
            assert found[f"lib/__pycache__/{name}"].time == PACKED.timestamp()


def test_records_of_packages_tell_of_no_machine(channel: HandMadeChannel) -> None:
    with contents(channel, *NAMES) as found:
        entry = found["conda-meta/paths-1.0-h0_0.json"]
        assert (entry.time, entry.mode) == (BUILT.timestamp(), 0o664)
        assert isinstance(entry.content, bytes)
        said = json.loads(entry.content)
        assert not {"extracted_package_dir", "package_tarball_full_path", "link"} & said.keys()
        assert "requested_specs" not in said
        assert said["name"] == "paths"
        assert said["files"] == sorted(said["files"])
        paths = [one["_path"] for one in said["paths_data"]["paths"]]
        assert paths == sorted(paths)
        text = json.dumps(said, indent=2, sort_keys=True) + "\n"
        assert entry.content.decode() == text


def test_entries_are_sorted_and_each_slot_has_those_of_its_packages(
    channel: HandMadeChannel,
) -> None:
    layers = wanted(channel, *NAMES)
    with linked(layers) as found:
        assert list(found.entries) == [layer.slot for layer in layers.layers]
        for layer in layers.layers:
            paths = [entry.path for entry in found.entries[layer.slot]]
            assert paths == sorted(paths)
            metas = [p for p in paths if p.startswith("conda-meta/") and p.endswith(".json")]
            assert len(metas) == len(layer.records)
        assert found.tied == {}


def test_only_the_wanted_layers_are_linked(channel: HandMadeChannel) -> None:
    whole = wanted(channel, *NAMES)
    (one,) = [x for x in whole.layers if [r.name.normalized for r in x.records] == ["frames"]]
    with linked(replace(whole, layers=[one])) as found:
        assert list(found.entries) == [one.slot]
        paths = [entry.path for entry in found.entries[one.slot]]
    assert "lib/python3.11/site-packages/frames/__init__.py" in paths
    assert not [p for p in paths if "paths" in p or "python3.11/os.py" in p]


def test_packages_with_one_file_are_tied(channel: HandMadeChannel) -> None:
    with linked(wanted(channel, "left", "right")) as found:
        both = {0, 1}
        assert found.tied == dict.fromkeys(both, both)
        holding = {s: {e.path for e in entries} for s, entries in found.entries.items()}
    full = [paths for paths in holding.values() if "share/shared.txt" in paths]
    assert len(full) == 1
    assert {"share/left.txt", "share/right.txt"} < full[0]
    assert any(path.startswith("__clobbers__/") for path in full[0])


def test_wheels_lie_where_the_python_looks_and_their_commands_start_it(
    channel: HandMadeChannel, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    with serving(folder) as index:
        index.add("colors", command="paint")
        (file,) = folder.glob("*.whl")
        url = f"{index.url.removesuffix('/simple')}/{file.name}"
        one = wheel("colors", url=url, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
        lock = lock_of({"default": [newest(channel)["python"]]}, {"default": [one]})
        layers = LayerSet.of(lock, None, "default", SUBDIR, prefix="/srv/env")
        with linked(layers) as both:
            entries = {slot: {e.path: e for e in found} for slot, found in both.entries.items()}
            command = entries[95]["bin/paint"].content
            assert isinstance(command, Path)
            assert command.read_text().startswith("#!/srv/env/bin/python")
    (wheels,) = [found for found in entries.values() if "bin/paint" in found]
    assert wheels is entries[95]
    place = "lib/python3.11/site-packages"
    assert {f"{place}/colors/__init__.py", f"{place}/colors-1.0.dist-info/METADATA"} < wheels.keys()
    assert wheels["bin/paint"].mode == 0o775
    assert {entry.time for entry in wheels.values()} == {EPOCH}
    assert list(wheels) == sorted(wheels)


def test_folders_are_no_entries_and_links_are(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "a/file").write_text("x")
    (tree / "a/link").symlink_to("file")
    (tree / "folder").symlink_to("a/b")
    found = {entry.path: entry.content for entry in contents_module._tree(tree)}
    links = {"a/link": Link("file"), "folder": Link("a/b")}
    assert found == {"a/file": tree / "a/file", **links}


def test_slim_leaves_out_and_nothing_else(tmp_path: Path) -> None:
    own = HandMadeChannel(tmp_path / "own")
    own.add("x", files={"lib/x.a": "", "include/x.h": "", "lib/x.so": "", "share/doc/x": ""})
    own.index()
    with contents(own, "x") as all_, contents(own, "x", slim=True) as slim:
        assert all_.keys() - slim.keys() == {"lib/x.a", "include/x.h", "share/doc/x"}
        assert slim.keys() < all_.keys()


def test_nothing_stays_beside_the_cache(channel: HandMadeChannel, tmp_path: Path) -> None:
    with contents(channel, "paths") as found:
        place = found["bin/where"].content
        assert isinstance(place, Path)
        assert place.is_relative_to(tmp_path / "cache")
    assert not place.exists()
    assert not list((tmp_path / "cache").glob(".layers-*"))


def test_a_folder_that_is_gone_already_is_no_failure(tmp_path: Path) -> None:
    with contents_module._scratch(tmp_path) as folder:
        assert folder.parent == tmp_path
        folder.rmdir()
    assert list(tmp_path.glob(".layers-*")) == []


def test_folders_are_regular_and_all_are_made(channel: HandMadeChannel, tmp_path: Path) -> None:
    out = tmp_path / "out"
    layers = wanted(channel, "paths", max_layers=4)
    write_layers(layers, out, 5)
    assert sorted(p.name for p in out.iterdir()) == ["00", "01", "02", "03", "04"]
    for slot in ("00", "03"):
        top = out / slot
        for folder in (top, *(p for p in top.rglob("*") if p.is_dir())):
            inside = folder.is_relative_to(top / "opt/env")
            assert oct(folder.stat().st_mode & 0o777) == ("0o775" if inside else "0o755")
            assert folder.stat().st_mtime == EPOCH
    program = out / "00/opt/env/bin/where"
    assert oct(program.stat().st_mode & 0o777) == "0o775"
    assert program.stat().st_mtime == PACKED.timestamp()
    assert (out / "03/opt/env/conda-meta/history").read_bytes() == b""
    assert (out / "03/opt/env/conda-meta/history").stat().st_mtime == EPOCH
    with pytest.raises(UsageError, match="is not empty"):
        write_layers(layers, out, 5)


def test_links_are_written_as_links(
    channel: HandMadeChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def made(*_: object, **__: object) -> Iterator[Contents]:
        yield Contents({0: [Entry("a/b", Link("../c"), 0o777, 7)]}, {})

    monkeypatch.setattr("conda_strata.image.folders.linked", made)
    write_layers(wanted(channel, "paths"), tmp_path / "out", 1)
    link = tmp_path / "out/00/opt/env/a/b"
    assert str(link.readlink()) == "../c"
    assert link.lstat().st_mtime == 7


def test_a_failure_leaves_the_folder_empty(channel: HandMadeChannel, tmp_path: Path) -> None:
    layers = wanted(channel, "paths")
    bad = replace(layers, files={95: {PurePosixPath("a" * 300): "x"}})
    with pytest.raises(StrataError, match="cannot be written"):
        write_layers(bad, tmp_path / "out", 96)
    assert list((tmp_path / "out").iterdir()) == []
    write_layers(layers, tmp_path / "out", 1)
