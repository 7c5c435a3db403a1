"""A layer's archive is the same bytes for the same content, and a blob is what its digest says."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import NetworkError, StrataError
from conda_strata.image import archive
from conda_strata.image.archive import GZIP, ZSTD, Blob
from conda_strata.image.blobs import BlobStore
from conda_strata.image.contents import EPOCH, Entry, Link
from conda_strata.image.oci_image import COMPANIONS, KEY, ImageLayer
from conda_strata.registry.documents import Descriptor
from conda_strata.registry.repository import Repository
from tests.support.packed import unpacked, with_zstd
from tests.support.registry_server import Reply, digest_of, serving

MONTH = 30 * 24 * 60 * 60


def entries(folder: Path) -> list[Entry]:
    (folder / "data").write_bytes(b"d" * 3000)
    return [
        Entry("bin/run", folder / "data", 0o775, 1_700_000_000),
        Entry("conda-meta/a.json", b"{}", time=1_600_000_000),
        Entry("lib/a/b", b""),
        Entry("lib/a/c", Link("b"), 0o777, 5),
    ]


def plain(blob: Blob) -> bytes:
    return unpacked(blob.file.read_bytes())


@pytest.mark.parametrize("compression", [ZSTD, GZIP])
def test_an_archive_names_itself(tmp_path: Path, compression: str) -> None:
    blob = archive.pack(entries(tmp_path), "/opt/env", tmp_path / "x", compression)
    data = (tmp_path / "x").read_bytes()
    assert (blob.digest, blob.size) == (digest_of(data), len(data))
    assert blob.diff_id == digest_of(plain(blob))
    assert blob.media_type == f"application/vnd.oci.image.layer.v1.tar+{compression}"
    assert len(data) < len(plain(blob)) // 4


def test_members_are_regular(tmp_path: Path) -> None:
    blob = archive.pack(entries(tmp_path), "/opt/env/", tmp_path / "x")
    with tarfile.open(fileobj=io.BytesIO(plain(blob))) as tar:
        found = [(m.name, oct(m.mode), m.mtime, m.linkname or m.size) for m in tar]
        tar_types = {m.name: m.type for m in tar}
        assert {(m.uid, m.gid, m.uname, m.gname) for m in tar} == {(0, 0, "", "")}
        assert tar.extractfile("opt/env/bin/run").read() == b"d" * 3000  # type: ignore[union-attr]
        assert tar.extractfile("opt/env/conda-meta/a.json").read() == b"{}"  # type: ignore[union-attr]
    assert found == [
        ("opt", "0o755", EPOCH, 0),
        ("opt/env", "0o775", EPOCH, 0),
        ("opt/env/bin", "0o775", EPOCH, 0),
        ("opt/env/bin/run", "0o775", 1_700_000_000, 3000),
        ("opt/env/conda-meta", "0o775", EPOCH, 0),
        ("opt/env/conda-meta/a.json", "0o664", 1_600_000_000, 2),
        ("opt/env/lib", "0o775", EPOCH, 0),
        ("opt/env/lib/a", "0o775", EPOCH, 0),
        ("opt/env/lib/a/b", "0o664", EPOCH, 0),
        ("opt/env/lib/a/c", "0o777", 5, "b"),
    ]
    folders = {name for name, kind in tar_types.items() if kind == tarfile.DIRTYPE}
    assert folders == {f[0] for f in found[:-2] if f[3] == 0}
    assert [name for name, kind in tar_types.items() if kind == tarfile.SYMTYPE] == [found[-1][0]]


def test_the_archive_of_this_format_stays_what_it_is(tmp_path: Path) -> None:
    """Other bytes in a new release would need another format in the keys of layers."""
    blob = archive.pack(entries(tmp_path), "/opt/env", tmp_path / "x")
    assert EPOCH == 315532800
    assert blob.diff_id == "sha256:dea4ec4a36958282381e10c3d60eacfddaab8e3b43c4f04d693871af940b2705"


@pytest.mark.parametrize("compression", [ZSTD, GZIP])
def test_neither_name_nor_time_is_in_it(tmp_path: Path, compression: str) -> None:
    blobs = [
        archive.pack(entries(tmp_path), "/opt/env", tmp_path / name, compression)
        for name in ("x", "another")
    ]
    assert blobs[0].digest == blobs[1].digest
    if compression == GZIP:
        assert blobs[0].file.read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": with_zstd,
}


@pytest.mark.parametrize("compression", [ZSTD, GZIP])
def test_who_compressed_an_archive_before_does_not_matter(tmp_path: Path, compression: str) -> None:
    data = os.urandom(3 << 20)
    blobs = []
    for name, pack in PACKED.items():
        (tmp_path / name).write_bytes(pack(data))
        with (tmp_path / name).open("rb") as source:
            blobs.append(archive.repack(source, tmp_path / f"{name}.out", compression))
    assert {blob.diff_id for blob in blobs} == {digest_of(data)}
    assert len({blob.digest for blob in blobs}) == 1
    assert blobs[0].digest == digest_of(blobs[0].file.read_bytes())
    assert blobs[0].size == blobs[0].file.stat().st_size
    assert plain(blobs[0]) == data
    assert blobs[0].media_type == f"application/vnd.oci.image.layer.v1.tar+{compression}"


# Blobs of this machine.


def named(data: bytes, **changed: Any) -> Descriptor:
    return Descriptor(
        **{"media_type": "x", "digest": digest_of(data), "size": len(data), **changed}
    )


def fresh(store: BlobStore) -> BlobStore:
    """The same folder, as the next process sees it."""
    return BlobStore(store.folder)


def test_a_blob_lies_under_its_digest(store: BlobStore) -> None:
    digest = store.add(b"data")
    assert digest == digest_of(b"data")
    assert store.path(digest).read_bytes() == b"data"
    assert store.path(digest) == store.folder / "blobs/sha256" / digest.partition(":")[2]
    for one in (store, fresh(store)):
        assert one.holds(named(b"data"))
        assert not one.holds(named(b"other"))
        assert one.fetch(named(b"data"), None) == store.path(digest)


def test_a_damaged_blob_is_dropped(store: BlobStore) -> None:
    file = store.path(store.add(b"data"))
    file.write_bytes(b"datA")
    later = fresh(store)
    assert not later.holds(named(b"data"))
    assert not file.exists()
    with pytest.raises(StrataError, match="gone or damaged"):
        later.fetch(named(b"data"), None)


def test_a_draft_leaves_nothing(store: BlobStore) -> None:
    with store.new() as file:
        file.write_bytes(b"half")
        assert file.parent == store.path("sha256:x").parent
    assert not list(store.folder.glob("blobs/sha256/*"))


def test_what_is_not_here_is_fetched_once_and_compared(store: BlobStore) -> None:
    with serving() as registry:
        registry.add(b"data")
        source = Repository(f"{registry.address}/team/base")
        assert store.fetch(named(b"data"), source).read_bytes() == b"data"
        asked = len(registry.asked)
        assert store.fetch(named(b"data"), source).read_bytes() == b"data"
        assert len(registry.asked) == asked
        registry.rule = lambda _request: Reply(200, b"evil")
        with pytest.raises(NetworkError, match="damaged"):
            store.fetch(named(b"good"), source)
    assert not store.path(digest_of(b"good")).exists()
    assert not fresh(store).holds(named(b"good"))


def test_notes_are_kept_by_name(store: BlobStore) -> None:
    store.note("a", {"x": 1})
    store.note("b", [2])
    assert (fresh(store).noted("a"), store.noted("b"), store.noted("c")) == ({"x": 1}, [2], None)
    store.note("a", "new")
    assert store.noted("a") == "new"
    for note in (store.folder / "notes").iterdir():
        note.write_text("{")
    assert store.noted("a") is None
    assert not [f for f in (store.folder / "notes").iterdir() if f.name.startswith(".")]


def layer(store: BlobStore, data: bytes, *companions: str, key: str = "k") -> ImageLayer:
    about = {"mediaType": "x", "digest": store.add(data), "size": len(data)}
    notes = {KEY: key} | ({COMPANIONS: ",".join(companions)} if companions else {})
    return ImageLayer({**about, "annotations": notes}, digest_of(b"plain" + data))


def test_a_layer_is_kept_for_each_company_that_it_keeps(store: BlobStore) -> None:
    alone, with_b, with_c = layer(store, b"1"), layer(store, b"2", "b"), layer(store, b"3", "c")
    for one in (alone, with_b, with_c):
        store.keep(one)
    assert fresh(store).layers("k") == [alone, with_b, with_c]
    again = layer(store, b"4", "b")
    store.keep(again)
    assert fresh(store).layers("k") == [alone, with_c, again]
    assert fresh(store).layers("other") == []


def test_only_whole_layers_are_here(store: BlobStore) -> None:
    one, two = layer(store, b"1"), layer(store, b"2", "b")
    store.keep(one)
    store.keep(two)
    store.path(digest_of(b"1")).write_bytes(b"x")
    assert fresh(store).layers("k") == [two]


@pytest.mark.parametrize("said", [3, [3], [{"descriptor": {}}], [{"descriptor": 1, "diff_id": 2}]])
def test_a_note_that_is_none_is_no_layer(store: BlobStore, said: object) -> None:
    store.note("k", said)
    assert store.layers("k") == []


def test_what_is_used_stays_and_the_rest_goes_after_a_month(store: BlobStore) -> None:
    names = {"new": 1, "almost": MONTH - 3600, "old": MONTH + 3600, "used": MONTH + 3600}
    for name, age in names.items():
        store.note(name, 1)
        then = time.time() - age
        os.utime(store.path(store.add(name.encode())), (then, then))
        note = store.folder / "notes" / f"{hashlib.sha256(name.encode()).hexdigest()}.json"
        os.utime(note, (then, then))
    later = fresh(store)
    assert later.holds(named(b"used"))
    assert later.noted("used") == 1
    later.prune()
    left = fresh(store)
    assert [n for n in names if left.holds(named(n.encode()))] == ["new", "almost", "used"]
    assert [n for n in names if left.noted(n)] == ["new", "almost", "used"]


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StrataError, match="cannot be written"):
        BlobStore(tmp_path / "file" / "store")


def test_it_is_beside_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "cache"))
    assert BlobStore().folder == tmp_path / "cache" / "strata-images"
