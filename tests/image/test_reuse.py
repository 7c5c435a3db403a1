"""Layers that are somewhere already: which are used again, which are made, and that they are checked."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from conda_strata.core.errors import NetworkError, StrataError
from conda_strata.image import compose as composing
from conda_strata.image import oci_archive, push, reuse
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base, Composed
from conda_strata.image.layer_set import LayerSet
from conda_strata.image.oci_image import COMPANIONS, KEY, ImageLayer
from conda_strata.image.reuse import Held
from conda_strata.lock.model import Lock
from conda_strata.registry.documents import INDEX, Descriptor
from conda_strata.registry.repository import Repository
from tests.conftest import SUBDIR, HandMadeChannel
from tests.support.packed import unpacked
from tests.support.records import lock_of, newest
from tests.support.registry_server import (
    LAYER,
    Registry,
    Reply,
    Request,
    described,
    digest_of,
)


def held(key: str, *companions: str, source: Repository | None = None, data: bytes = b"") -> Held:
    notes = {KEY: key, COMPANIONS: ",".join(companions)}
    about = described(digest_of(data or key.encode()), len(data or key), LAYER)
    return Held(ImageLayer({**about, "annotations": notes}, digest_of(b"")), source)


def present(wanted: str, *found: Held) -> dict[int, Held]:
    there: dict[str, list[Held]] = {}
    for one in found:
        there.setdefault(one.layer.key, []).append(one)
    return reuse.verified(dict(enumerate(wanted)), there)


def test_a_layer_alone_is_used_again() -> None:
    a, c = held("a"), held("c")
    assert present("abc", a, c) == {0: a, 2: c}
    assert present("", a) == {}
    assert present("b", a) == {}


def test_a_layer_is_used_with_its_whole_company_only() -> None:
    a, b, c = held("a", "b"), held("b", "a"), held("c")
    assert present("abc", a, b, c) == {0: a, 1: b, 2: c}
    assert present("ac", a, c) == {1: c}
    assert present("abc", a, c) == {2: c}


def test_company_that_keeps_other_company_is_none() -> None:
    a, b, c = held("a", "b"), held("b", "a", "c"), held("c", "b")
    assert present("abc", a, b, c) == {}
    a, b, c = held("a", "b", "c"), held("b", "a", "c"), held("c", "a", "b")
    assert present("abc", a, b, c) == {0: a, 1: b, 2: c}
    assert present("abc", a, b) == {}


def test_of_several_the_one_with_most_company_is_taken() -> None:
    alone, with_b, b = held("a"), held("a", "b"), held("b", "a")
    assert present("ab", alone, with_b, b) == {0: with_b, 1: b}
    assert present("a", alone, with_b) == {0: alone}


def test_what_a_registry_lacks_is_looked_for_elsewhere(registry: Registry) -> None:
    source = Repository(f"{registry.address}/team/base")
    registry.add(b"whole")
    lost, here = held("a", source=source), held("a")
    whole = held("b", source=source, data=b"whole")
    assert present("ab", lost, here, whole) == {0: here, 1: whole}
    assert present("ab", lost, whole) == {1: whole}
    other_size = held("b", source=source, data=b"whole")
    other_size = Held(
        ImageLayer({**other_size.layer.descriptor, "size": 4}, digest_of(b"")), source
    )
    assert present("b", other_size) == {}


def test_a_lost_layer_takes_its_company_along(registry: Registry) -> None:
    source = Repository(f"{registry.address}/team/base")
    assert present("ab", held("a", "b", source=source), held("b", "a")) == {}


# Sent to a registry.


def repository(registry: Registry, name: str = "team/app") -> Repository:
    return Repository(f"{registry.address}/{name}")


def uploads(registry: Registry) -> list[Request]:
    return [r for r in registry.asked if r.method == "PUT" and "/manifests/" not in r.path]


def test_a_blob_of_another_registry_is_copied(
    registry: Registry, other: Registry, store: BlobStore
) -> None:
    other.add(b"data")
    push.send(repository(registry), [held("", source=repository(other), data=b"data")], store)
    assert registry.blobs == {digest_of(b"data"): b"data"}
    assert not store.holds(Descriptor(LAYER, digest_of(b"data"), 4))


@pytest.mark.parametrize("answer", [b"evil", b"dat", b"data2", b""])
def test_a_copied_blob_is_compared_with_its_digest(
    registry: Registry, other: Registry, store: BlobStore, answer: bytes
) -> None:
    other.rule = lambda r: Reply(200, answer) if r.method == "GET" else None
    with pytest.raises(NetworkError):
        push.send(repository(registry), [held("", source=repository(other), data=b"data")], store)
    assert registry.blobs == {}


def test_within_a_registry_it_is_mounted(registry: Registry, store: BlobStore) -> None:
    digest = registry.add(b"data")
    registry.rule = lambda r: Reply(404) if r.method == "HEAD" else None
    source = repository(registry, "team/base")
    push.send(repository(registry), [held("", source=source, data=b"data")], store)
    (asked,) = [r for r in registry.asked if r.method == "POST"]
    assert asked.query == {"mount": [digest], "from": ["team/base"]}
    assert not uploads(registry)


def test_what_is_here_is_sent_and_not_fetched(
    registry: Registry, other: Registry, store: BlobStore
) -> None:
    store.add(b"data")
    push.send(repository(registry), [held("", source=repository(other), data=b"data")], store)
    assert registry.blobs == {digest_of(b"data"): b"data"}
    assert not other.asked
    push.send(repository(registry), [held("", data=b"data")], store)
    assert len(uploads(registry)) == 1
    with pytest.raises(StrataError, match="gone or damaged"):
        push.send(repository(registry), [held("", data=b"lost")], store)


# Made of a lock.


@dataclass
class Bench:
    """What makes images of hand-made packages."""

    channel: HandMadeChannel
    store: BlobStore
    base: Base

    def lock(self, *names: str) -> Lock:
        known = newest(self.channel)
        return lock_of({"default": [known[name] for name in sorted(names)]})

    def make(
        self,
        *names: str,
        store: BlobStore | None = None,
        sources: Sequence[tuple[Repository, str]] = (),
        **more: object,
    ) -> Composed:
        wanted = LayerSet.of(self.lock(*names), None, "default", SUBDIR)
        return composing.compose(
            self.base,
            wanted,
            store or self.store,
            sources=sources,
            **more,  # type: ignore[arg-type]
        )

    def again(self) -> BlobStore:
        return BlobStore(self.store.folder)


@pytest.fixture
def bench(channel: HandMadeChannel, project: Path, store: BlobStore) -> Bench:
    below = held("", data=b"base").layer
    store.add(b"base")
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [below.diff_id]},
    }
    base = Base(config, [Held(ImageLayer(described(digest_of(b"base"), 4, LAYER), below.diff_id))])
    assert project.exists()
    return Bench(channel, store, Base(base.config, base.layers, {"base": "said", "both": "base"}))


def members(store: BlobStore, one: Held) -> list[str]:
    data = store.path(one.descriptor.digest).read_bytes()
    with tarfile.open(fileobj=BytesIO(unpacked(data))) as tar:
        assert digest_of(unpacked(data)) == one.layer.diff_id
        return [m.name for m in tar if not m.isdir()]


def test_an_image_is_its_base_and_the_layers_of_its_packages(bench: Bench) -> None:
    made: list[Descriptor] = []
    found = bench.make("paths", "python", on_made=made.append, about={"both": "ours"})
    manifest, config = json.loads(found.manifest), json.loads(found.config)
    assert [held.descriptor.digest for held in found.layers] == [
        one["digest"] for one in manifest["layers"]
    ]
    assert config["rootfs"]["diff_ids"] == [held.layer.diff_id for held in found.layers]
    assert manifest["config"]["digest"] == digest_of(found.config)
    assert manifest["annotations"] == config["config"]["Labels"]
    assert manifest["annotations"] == {"base": "said", "both": "ours"}
    own = found.layers[1:]
    assert (found.made, found.kept) == (3, 0)
    assert {one.digest for one in made} == {held.descriptor.digest for held in own}
    assert found.new_bytes == sum(held.descriptor.size for held in own)
    assert found.bytes == found.new_bytes + 4
    holding = [members(bench.store, held) for held in own]
    assert "opt/env/bin/where" in holding[0] + holding[1]
    assert holding[2] == ["opt/env/conda-meta/history"]
    assert [one["created_by"] for one in config["history"]] == [
        f"strata: layer {n} of the environment" for n in ("00", "01", "95")
    ]
    keys = [held.layer.key.rpartition(".") for held in own]
    assert all(len(key) == 64 and kind == "zstd" for key, _, kind in keys)


def test_the_second_time_nothing_is_made_and_the_image_is_the_same(bench: Bench) -> None:
    names = ("frames", "numbers", "paths", "python")
    first = bench.make(*names)
    again = bench.make(*names, store=bench.again())
    assert (again.made, again.kept, again.new_bytes) == (0, first.made, 0)
    assert (again.digest, again.config) == (first.digest, first.config)
    more = bench.make(*names, "tool", store=bench.again())
    assert (more.made, more.kept) == (1, first.made)
    assert more.new_bytes <= more.bytes - first.bytes
    kept = [held.descriptor.digest for held in more.layers]
    assert {held.descriptor.digest for held in first.layers} < set(kept)


def test_it_is_the_same_without_what_was_there(bench: Bench, tmp_path: Path) -> None:
    names = ("frames", "numbers", "python")
    bench.make("numbers", "python")
    after = bench.make(*names, store=bench.again())
    assert (after.made, after.kept) == (1, 3)
    fresh = bench.make(*names, store=BlobStore(tmp_path / "fresh"))
    assert (fresh.digest, fresh.kept) == (after.digest, 0)


def test_compression_is_part_of_what_is_used_again(bench: Bench) -> None:
    bench.make("paths")
    packed = bench.make("paths", store=bench.again(), compression="gzip")
    assert (packed.made, packed.kept) == (2, 0)
    assert {held.descriptor.media_type for held in packed.layers} == {LAYER}
    assert members(bench.store, packed.layers[1])
    assert bench.make("paths", store=bench.again(), compression="gzip").made == 0


def test_packages_that_own_one_file_come_and_go_together(bench: Bench, tmp_path: Path) -> None:
    """What was kept of one alone is made again with the other, and found again afterwards."""
    names = ("left", "paths", "right")
    alone = bench.make("left", "paths")
    both = bench.make(*names, store=bench.again())
    assert both.digest == bench.make(*names, store=BlobStore(tmp_path / "fresh")).digest
    assert (both.made, both.kept) == (2, 2)
    assert bench.make(*names, store=bench.again()).made == 0
    back = bench.make("left", "paths", store=bench.again())
    assert (back.made, back.digest) == (0, alone.digest)
    companions = [held.layer.companions for held in both.layers]
    keys = [held.layer.key for held in both.layers]
    tied = [n for n, found in enumerate(companions) if found]
    assert len(tied) == 2
    assert [companions[n] for n in tied] == [{keys[n]} for n in reversed(tied)]


def test_layers_of_a_registry_are_used_again(
    bench: Bench, registry: Registry, tmp_path: Path
) -> None:
    home = repository(registry)
    first = bench.make("paths", "python")
    push.push(home, "env", [first], bench.store)
    assert json.loads(registry.manifests["env"]) == json.loads(first.manifest)
    assert set(registry.blobs) == {
        *(held.descriptor.digest for held in first.layers),
        digest_of(first.config),
    }
    elsewhere = BlobStore(tmp_path / "elsewhere")
    again = bench.make("paths", "python", store=elsewhere, sources=[(home, "env")])
    assert (again.made, again.kept, again.digest) == (0, 3, first.digest)
    assert all(held.source is home for held in again.layers[1:])
    registry.put("broken", {"layers": 1, "config": 2})
    odd = bench.make("paths", store=elsewhere, sources=[(home, "none"), (home, "broken")])
    assert odd.made == 2


def test_two_platforms_are_an_index_and_both(bench: Bench, registry: Registry) -> None:
    one = bench.make("paths")
    two = Composed("linux-aarch64", one.manifest + b" ", one.config, one.layers)
    done = push.push(repository(registry), "env", [one, two], bench.store)
    index = json.loads(registry.manifests["env"])
    assert index["mediaType"] == INDEX == done.media_type
    for said, image in zip(index["manifests"], (one, two), strict=True):
        assert registry.manifests[said["digest"]] == image.manifest


@pytest.mark.usefixtures("project")
def test_the_bigger_layers_are_below(tmp_path: Path, store: BlobStore) -> None:
    """Who has the image unpacks again what is above the lowest layer that changed."""
    channel = HandMadeChannel(tmp_path / "own")
    for name, size in {"aa": 1, "bb": 100, "cc": 3000}.items():
        text = "".join(digest_of(f"{n}".encode()) for n in range(size))
        channel.add(name, files={f"share/{name}": text})
    channel.index()
    base = Base({"rootfs": {"diff_ids": []}}, [])
    found = Bench(channel, store, base).make("aa", "bb", "cc")
    holding = [members(store, held)[-1] for held in found.layers]
    assert holding == [
        "opt/env/share/cc", "opt/env/share/bb", "opt/env/share/aa", "opt/env/conda-meta/history",
    ]  # fmt: skip


def test_an_archive_holds_the_image_that_a_registry_gets(bench: Bench, tmp_path: Path) -> None:
    image = bench.make("paths")
    file = tmp_path / "image.tar"
    oci_archive.write(file, {"127.0.0.1:5000/a/b:dev": [image]}, bench.store)
    oci_archive.write(file, {"127.0.0.1:5000/a/b:dev": [image]}, bench.store)
    with tarfile.open(file) as tar:
        content = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
        assert len(content) == len(tar.getmembers())
        assert {oct(m.mode) for m in tar} == {"0o644"}
    assert oct(file.stat().st_mode & 0o777) == "0o644"
    assert json.loads(content["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(content["index.json"])
    assert (index["schemaVersion"], index["mediaType"]) == (2, INDEX)
    (said,) = index["manifests"]
    assert said == {
        **described(image.digest, len(image.manifest), said["mediaType"]),
        "annotations": {
            "io.containerd.image.name": "127.0.0.1:5000/a/b:dev",
            "org.opencontainers.image.ref.name": "dev",
        },
    }
    assert said["mediaType"] == json.loads(image.manifest)["mediaType"]
    blobs = {
        f"sha256:{n.rpartition('/')[2]}": d for n, d in content.items() if "blobs/sha256/" in n
    }
    assert all(digest_of(data) == digest for digest, data in blobs.items())
    assert set(blobs) == {
        *(held.descriptor.digest for held in image.layers), image.digest, digest_of(image.config),
    }  # fmt: skip
    place = "blobs/sha256/"
    assert json.loads(content["manifest.json"]) == [
        {
            "Config": place + digest_of(image.config).partition(":")[2],
            "RepoTags": ["127.0.0.1:5000/a/b:dev"],
            "Layers": [place + h.descriptor.digest.partition(":")[2] for h in image.layers],
        }
    ]
    assert [f.name for f in tmp_path.iterdir() if f.name.startswith(".image")] == []


def test_an_archive_of_two_platforms_holds_their_index(bench: Bench, tmp_path: Path) -> None:
    one = bench.make("paths")
    two = Composed("linux-aarch64", one.manifest + b" ", one.config, one.layers)
    oci_archive.write(tmp_path / "x", {"a/b:1": [one, two]}, bench.store)
    with tarfile.open(tmp_path / "x") as tar:
        content = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    (said,) = json.loads(content["index.json"])["manifests"]
    assert (said["mediaType"], said["digest"]) == (INDEX, push.digest([one, two]))
    inner = json.loads(content[f"blobs/sha256/{said['digest'].partition(':')[2]}"])
    for child in inner["manifests"]:
        assert f"blobs/sha256/{child['digest'].partition(':')[2]}" in content


def test_an_archive_where_none_can_be_is_told(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(StrataError, match="cannot be written"):
        oci_archive.write(tmp_path / "no" / "x", {"a/b:1": [bench.make("paths")]}, bench.store)
