"""An image as Docker saves it: its layers, its times, and what is refused."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import StrataError
from conda_strata.image import saved
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base
from conda_strata.image.contents import EPOCH
from conda_strata.image.oci_image import ImageLayer
from conda_strata.image.reuse import Held
from conda_strata.registry.documents import encode
from conda_strata.registry.repository import Repository
from tests.support.packed import unpacked
from tests.support.registry_server import LAYER, config_of, described, digest_of

LATEST = 1_700_000_000
"""2023-11-14T22:13:20Z"""


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "store")


def written(tmp_path: Path, *layers: bytes, **changed: Any) -> Path:
    """Write what 'docker image save' writes."""
    diff_ids = changed.pop("diff_ids", [digest_of(data) for data in layers])
    config = config_of(rootfs={"diff_ids": diff_ids}, **changed.pop("config", {}))
    names = [f"blobs/{n}" for n in range(len(layers))]
    said = [{"Config": "config.json", "Layers": names, **changed}]
    content = {"manifest.json": json.dumps(said).encode(), "config.json": encode(config)}
    file = tmp_path / "saved.tar"
    with tarfile.open(file, "w") as tar:
        for name, data in {**content, **dict(zip(names, layers, strict=True))}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return file


def test_layers_of_the_image_below_are_as_its_registry_has_them(
    store: BlobStore, tmp_path: Path
) -> None:
    source = Repository("ghcr.io/team/base")
    about = described(digest_of(b"packed"), 6, LAYER)
    below = Held(ImageLayer(about, digest_of(b"below")), source)
    base = saved.base(
        written(tmp_path, b"below", b"own"), {below.layer.diff_id: below}, store, "zstd", None
    )
    assert base.config["rootfs"]["diff_ids"] == [digest_of(b"below"), digest_of(b"own")]
    assert base.layers[0] == below
    own = base.layers[1]
    assert (own.source, own.layer.diff_id) == (None, digest_of(b"own"))
    data = store.path(own.descriptor.digest).read_bytes()
    assert (digest_of(data), len(data)) == (own.descriptor.digest, own.descriptor.size)
    assert unpacked(data) == b"own"
    assert own.descriptor.media_type.endswith("+zstd")


@pytest.mark.parametrize(
    "changed",
    [{"diff_ids": [digest_of(b"other")]}, {"Config": "x"}, {"Layers": []}, {"Layers": ["a", "b"]}],
    ids=["content", "config", "no layers", "layers"],
)
def test_what_docker_saved_is_checked(
    store: BlobStore, tmp_path: Path, changed: dict[str, Any]
) -> None:
    with pytest.raises(StrataError, match="cannot be read"):
        saved.base(written(tmp_path, b"own", **changed), {}, store, "zstd", None)


@pytest.mark.parametrize("name", ["config.json", "blobs/0"])
def test_a_folder_is_no_part_of_an_image(store: BlobStore, tmp_path: Path, name: str) -> None:
    file, other = written(tmp_path, b"own"), tmp_path / "other.tar"
    with tarfile.open(file) as old, tarfile.open(other, "w") as new:
        for member in old:
            content = old.extractfile(member)
            if member.name == name:
                member.type, member.size = tarfile.DIRTYPE, 0
            new.addfile(member, content)
    with pytest.raises(StrataError, match="cannot be read"):
        saved.base(other, {}, store, "zstd", None)


# Times.


def layer(time: float, *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a layer whose files were written at a time."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=form) as tar:
        for name, kind, data in (
            ("etc", tarfile.DIRTYPE, b""),
            ("etc/shadow", tarfile.REGTYPE, b"root"),
            ("etc/copy", tarfile.LNKTYPE, b""),
            ("etc/link", tarfile.SYMTYPE, b""),
            ("etc/.wh.gone", tarfile.REGTYPE, b""),
            ("bin/ping", tarfile.REGTYPE, b"x" * 1000),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.size, member.mtime = kind, len(data), time
            member.mode, member.uid = 0o4750, 7
            member.linkname = "etc/shadow" if kind in {tarfile.LNKTYPE, tarfile.SYMTYPE} else ""
            if form == tarfile.PAX_FORMAT:
                member.pax_headers = {"atime": f"{time + 9}", "SCHILY.xattr.user.a": "b"}
            tar.addfile(member, io.BytesIO(data))
    return plain.getvalue()


def read(store: BlobStore, base: Base) -> list[tarfile.TarInfo]:
    data = unpacked(store.path(base.layers[-1].descriptor.digest).read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getmembers()


def test_layers_that_differ_in_times_only_become_the_same(store: BlobStore, tmp_path: Path) -> None:
    bases = [
        saved.base(written(tmp_path, layer(time)), {}, store, "zstd", LATEST)
        for time in (LATEST + 1, LATEST + 0.5, LATEST + 86400.25)
    ]
    assert len({encode(base.config) for base in bases}) == 1
    assert len({base.layers[0].descriptor.digest for base in bases}) == 1
    assert bases[0].config["rootfs"]["diff_ids"] == [bases[0].layers[0].layer.diff_id]


def test_only_times_change(store: BlobStore, tmp_path: Path) -> None:
    base = saved.base(written(tmp_path, layer(LATEST + 5)), {}, store, "zstd", LATEST)
    assert {member.mtime for member in read(store, base)} == {LATEST}
    with tarfile.open(fileobj=io.BytesIO(layer(LATEST))) as tar:
        before = tar.getmembers()
    kept = ("name", "type", "mode", "uid", "gid", "size", "linkname")
    for old, new in zip(before, read(store, base), strict=True):
        assert [getattr(old, one) for one in kept] == [getattr(new, one) for one in kept]
        assert new.pax_headers == {"SCHILY.xattr.user.a": "b"}


def test_older_files_keep_their_times(store: BlobStore, tmp_path: Path) -> None:
    base = saved.base(written(tmp_path, layer(1234)), {}, store, "zstd", LATEST)
    assert {member.mtime for member in read(store, base)} == {1234}


def test_a_layer_is_the_same_after_a_second_reading(store: BlobStore, tmp_path: Path) -> None:
    once = saved.base(
        written(tmp_path, layer(LATEST + 5, form=tarfile.GNU_FORMAT)), {}, store, "zstd", LATEST
    )
    data = unpacked(store.path(once.layers[0].descriptor.digest).read_bytes())
    again = saved.base(written(tmp_path, data), {}, store, "zstd", LATEST)
    assert again.layers[0].descriptor == once.layers[0].descriptor


def test_without_a_time_nothing_changes(store: BlobStore, tmp_path: Path) -> None:
    data = layer(LATEST + 5)
    base = saved.base(written(tmp_path, data), {}, store, "zstd", None)
    assert base.layers[0].layer.diff_id == digest_of(data)


def test_the_image_is_not_later_than_its_base(store: BlobStore, tmp_path: Path) -> None:
    data = layer(LATEST + 5)
    said = {"history": [{"created": "2020-01-01T00:00:00Z"}, {"created": "2026-02-03T04:05:06.7Z"}]}
    file = written(tmp_path, data, config=said | {"created": "2026-02-03T04:05:06.123456789Z"})
    config = saved.base(file, {}, store, "zstd", LATEST).config
    assert config["created"] == "2023-11-14T22:13:20Z"
    dates = [one["created"] for one in config["history"]]
    assert dates == ["2020-01-01T00:00:00Z", "2023-11-14T22:13:20Z"]


def test_an_image_without_a_history(store: BlobStore, tmp_path: Path) -> None:
    file = written(tmp_path, layer(LATEST + 5), config={"history": None})
    assert saved.base(file, {}, store, "zstd", LATEST).config["created"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    ("config", "time"),
    [
        ({"created": "2023-11-14T22:13:20.5Z"}, LATEST),
        ({"created": "0001-01-01T00:00:00Z"}, EPOCH),
        ({"created": "yesterday"}, EPOCH),
        ({}, EPOCH),
    ],
)
def test_the_time_of_a_build_is_that_of_the_image_below(config: dict[str, Any], time: int) -> None:
    assert saved.stamp(Base(config, [])) == time


def test_a_build_from_nothing_has_the_earliest_time() -> None:
    assert saved.stamp(None) == EPOCH
