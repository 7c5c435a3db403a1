"""Manifest, config and index of an image, and what of a stranger's is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conda_strata.image import collisions, oci_image, push
from conda_strata.image.compose import Base, Composed
from conda_strata.image.oci_image import CLAIMS, COMPANIONS, KEY, Image, ImageLayer, NoImageError
from conda_strata.image.reuse import Held
from conda_strata.registry.documents import CONFIG, INDEX, MANIFEST, Document, digest_of, encode
from conda_strata.registry.repository import Repository
from tests.support.registry_server import LAYER, Registry, config_of, described

ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OURS = "a" * 64 + ".zstd"


def layer(
    data: bytes = b"x", kind: str = ZSTD, title: str = "", notes: dict[str, str] | None = None
) -> ImageLayer:
    about = described(digest_of(data), len(data), kind)
    return ImageLayer({**about, "annotations": notes or {}}, digest_of(b"plain" + data), title)


def test_layers_are_appended_to_what_the_base_says() -> None:
    base = {
        "os": "linux",
        "created": "2026-01-02T00:00:00Z",
        "config": {"Env": ["A=1"], "Labels": {"a": "base", "b": "base"}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]},
        "history": [{"created_by": "base"}],
    }
    one, two = layer(b"1", title="one"), layer(b"2", title="two")
    found = oci_image.append(base, [one, two], {"b": "ours", "c": "ours"})
    assert found == {
        "os": "linux",
        "created": "2026-01-02T00:00:00Z",
        "config": {"Env": ["A=1"], "Labels": {"a": "base", "b": "ours", "c": "ours"}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:0", one.diff_id, two.diff_id]},
        "history": [
            {"created_by": "base"},
            *(
                {"created_by": name, "comment": "conda-strata", "created": base["created"]}
                for name in ("one", "two")
            ),
        ],
    }


@pytest.mark.parametrize("config", [{}, {"config": None, "history": None}])
def test_a_base_that_says_little_is_enough(config: dict[str, Any]) -> None:
    found = oci_image.append({**config, "rootfs": {"diff_ids": []}}, [layer(title="one")], {})
    assert found["config"] == {}
    assert found["history"] == [{"created_by": "one", "comment": "conda-strata"}]
    assert (
        "Labels"
        in oci_image.append({**config, "rootfs": {"diff_ids": []}}, [], {"a": "b"})["config"]
    )


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", GZIP),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", ZSTD),
        ("application/vnd.docker.image.rootfs.diff.tar", ZSTD.removesuffix("+zstd")),
        (GZIP, GZIP),
        ("application/x.docker", "application/x.docker"),
    ],
)
def test_a_manifest_has_the_layers_in_their_order_as_oci_calls_them(
    kind: str, becomes: str
) -> None:
    config = b'{"a":1}'
    one, two = layer(b"1", kind), layer(b"22", notes={"k": "v"})
    assert oci_image.manifest(config, [one, two], {"note": "x"}) == {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described(digest_of(config), 7, CONFIG),
        "layers": [
            {**one.descriptor, "mediaType": becomes},
            {**two.descriptor, "mediaType": ZSTD},
        ],
        "annotations": {"note": "x"},
    }


def composed(subdir: str, data: bytes) -> Composed:
    config = encode({"os": "linux", "data": data.decode()})
    document = encode(oci_image.manifest(config, [layer(data)], {}))
    return Composed(subdir, document, config, [Held(layer(data))])


def test_an_index_names_each_platform_and_a_single_image_is_its_own() -> None:
    arm, intel = composed("linux-aarch64", b"1"), composed("linux-64", b"22")
    found = json.loads(push.top([arm, intel]))
    assert found == {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [
            {
                **described(digest_of(one.manifest), len(one.manifest), MANIFEST),
                "platform": {"os": "linux", "architecture": architecture},
            }
            for one, architecture in ((intel, "amd64"), (arm, "arm64"))
        ],
    }
    assert push.top([arm]) == arm.manifest
    assert push.digest([arm]) == arm.digest == digest_of(arm.manifest)
    assert push.digest([arm, intel]) == digest_of(push.top([intel, arm]))
    assert arm.bytes == 1


def test_a_base_alone_is_an_image() -> None:
    base = Base({"rootfs": {}}, [Held(layer(b"1")), Held(layer(b"2"))], {"a": "b"})
    found = push.plain("linux-64", base)
    assert json.loads(found.config) == {"rootfs": {}}
    said = json.loads(found.manifest)
    assert said["annotations"] == {"a": "b"}
    assert said["config"]["digest"] == digest_of(found.config)
    assert [one["digest"] for one in said["layers"]] == [digest_of(b"1"), digest_of(b"2")]


# What a layer says of itself.


def test_what_a_layer_says() -> None:
    claimed = collisions.encode(collisions.claims(["lib/a", "lib/b"]))
    one = layer(notes={KEY: OURS, CLAIMS: claimed, COMPANIONS: "b,c"})
    assert (one.key, one.companions) == (OURS, frozenset({"b", "c"}))
    assert one.claims == collisions.claims(["lib/a", "lib/b"])
    for silent in (layer(), ImageLayer(described(digest_of(b""), 0, ZSTD), "")):
        assert (silent.key, silent.companions, silent.claims) == ("", frozenset(), frozenset())


def image(*layers: ImageLayer) -> Image:
    content = {"layers": [one.descriptor for one in layers]}
    config = {"rootfs": {"diff_ids": [one.diff_id for one in layers]}}
    return Image(Document(content, MANIFEST, "", 0), config)


def test_layers_of_an_image_are_in_their_order_with_their_content() -> None:
    one, two = layer(b"1"), layer(b"2")
    assert image(one, two).layers == [one, two]
    with pytest.raises(ValueError, match="zip"):
        _ = Image(image(one, two).manifest, image(one).config).layers


def test_only_what_strata_says_of_a_layer_is_taken_over() -> None:
    kept = {KEY: OURS, CLAIMS: "", COMPANIONS: "b"}
    good = layer(b"1", notes={**kept, "other": "x"})
    good = ImageLayer({**good.descriptor, "urls": ["https://evil.example"]}, good.diff_id)
    gzip_key = "a" * 64 + ".gzip"
    others = [
        layer(),
        layer(kind=GZIP, notes={KEY: OURS}),
        layer(notes={KEY: gzip_key}),
        layer(notes={KEY: OURS + "x"}),
        layer(notes={KEY: "A" * 64 + ".zstd"}),
        layer(notes={KEY: "a" * 63 + ".zstd"}),
        layer(notes={KEY: "a" * 64 + ".xz"}),
    ]
    packed = layer(b"2", GZIP, notes={KEY: gzip_key})
    found = image(good, *others, packed).reusable
    assert [one.descriptor for one in found] == [
        {**described(digest_of(b"1"), 1, ZSTD), "annotations": kept},
        packed.descriptor,
    ]
    assert [one.diff_id for one in found] == [good.diff_id, packed.diff_id]


# What is in a registry.


def find(registry: Registry, subdir: str = "linux-64") -> Image | None:
    return oci_image.find(Repository(f"{registry.address}/team/base"), "base", subdir)


def add(registry: Registry, config: dict[str, Any], **more: object) -> dict[str, Any]:
    data = json.dumps(config).encode()
    manifest = {
        "mediaType": MANIFEST,
        "config": described(registry.add(data), len(data), CONFIG),
        "layers": [described(registry.add(b"layer"), 5, LAYER)],
        **more,
    }
    registry.put("base", manifest)
    return manifest


def test_the_image_of_the_platform_is_found(registry: Registry) -> None:
    add(registry, config_of())
    found = find(registry)
    assert found is not None
    assert [one.diff_id for one in found.layers] == config_of()["rootfs"]["diff_ids"]
    assert find(registry, "linux-aarch64") is None
    assert oci_image.find(Repository(f"{registry.address}/team/base"), "x", "linux-64") is None


def test_the_image_of_an_index_is_found(registry: Registry) -> None:
    children = []
    for architecture in ("arm64", "amd64"):
        child = json.dumps(add(registry, config_of(architecture=architecture))).encode()
        platform = {"os": "linux", "architecture": architecture}
        children.append(
            {**described(registry.put("child", child), len(child), MANIFEST), "platform": platform}
        )
    registry.put("base", {"mediaType": INDEX, "manifests": [{"x": 1}, *children]})
    for subdir, architecture in (("linux-64", "amd64"), ("linux-aarch64", "arm64")):
        found = find(registry, subdir)
        assert found is not None
        assert found.config["architecture"] == architecture
    registry.put("base", {"mediaType": INDEX, "manifests": children[:1]})
    assert find(registry) is None


FINE: dict[str, dict[str, Any]] = {
    "no settings": {"config": None},
    "no history": {"history": None},
    "no labels": {"config": {"Labels": None, "Env": None, "Entrypoint": None, "Cmd": None}},
    "all": {
        "config": {"Labels": {"a": "b"}, "Env": ["A=1"], "Entrypoint": ["x"], "Cmd": ["y"]},
        "history": [{}],
    },
}
ODD: dict[str, dict[str, Any]] = {
    "a history": {"history": {"a": 1}},
    "settings": {"config": ["x"]},
    "labels": {"config": {"Labels": ["x"]}},
    "an environment": {"config": {"Env": {"A": "1"}}},
    "an entry point": {"config": {"Entrypoint": "x"}},
    "a command": {"config": {"Cmd": "x"}},
    "diff_ids": {"rootfs": {"diff_ids": ["md5:1"]}},
    "more diff_ids": {"rootfs": {"diff_ids": [digest_of(b"1"), digest_of(b"2")]}},
    "no diff_ids": {"rootfs": {}},
}
MANIFESTS: dict[str, dict[str, Any]] = {
    "a layer without a size": {"layers": [{"mediaType": LAYER, "digest": digest_of(b"layer")}]},
    "claims": {
        "layers": [{**described(digest_of(b"layer"), 5, LAYER), "annotations": {CLAIMS: "abc"}}]
    },
    "an index, too": {"manifests": []},
}


@pytest.mark.parametrize("changed", FINE.values(), ids=FINE)
def test_what_images_may_lack(registry: Registry, changed: dict[str, Any]) -> None:
    add(registry, config_of(**changed))
    assert find(registry)


@pytest.mark.parametrize("changed", ODD.values(), ids=ODD)
def test_a_config_that_no_image_has_is_refused(registry: Registry, changed: dict[str, Any]) -> None:
    add(registry, config_of(**changed))
    with pytest.raises(NoImageError):
        find(registry)


@pytest.mark.parametrize("changed", MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_no_image_has_is_refused(
    registry: Registry, changed: dict[str, Any]
) -> None:
    add(registry, config_of(), **changed)
    with pytest.raises(NoImageError):
        find(registry)


@pytest.mark.parametrize("more", ["layers", "config"])
def test_an_index_is_nothing_else(registry: Registry, more: str) -> None:
    """Else two readers of one digest could run two images."""
    manifest = add(registry, config_of())
    data = json.dumps(manifest).encode()
    child = described(registry.put("child", data), len(data), MANIFEST)
    child["platform"] = {"os": "linux", "architecture": "amd64"}
    registry.put("base", {"mediaType": INDEX, "manifests": [child], more: manifest[more]})
    with pytest.raises(NoImageError):
        find(registry)
