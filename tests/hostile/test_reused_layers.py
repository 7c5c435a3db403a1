"""What is verified of a layer before 'strata push' takes it from an image that is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from conda_strata.image.oci_image import KEY
from tests.conftest import Strata
from tests.support.registry_server import Registry

pytestmark = pytest.mark.usefixtures("home")


def push(strata: Strata, registry: Registry) -> dict[str, Any]:
    words = ("--base", f"{registry.address}/team/base:base", "--platform", "linux-64", "--json")
    # Another machine each time, which has no layers of its own.
    with TemporaryDirectory() as cache:
        place = f"{registry.address}/team/base:env"
        done = strata("push", place, *words, RATTLER_CACHE_DIR=cache)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said | {"stderr": done.stderr}


def layers(registry: Registry) -> list[dict[str, Any]]:
    """Return the descriptors of the environment's layers."""
    manifest = json.loads(registry.manifests["env"])
    return [one for one in manifest["layers"] if KEY in (one.get("annotations") or {})]


def change(registry: Registry, damage: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads(registry.manifests["env"])
    for one in manifest["layers"]:
        if KEY in (one.get("annotations") or {}):
            damage(one)
    registry.put("env", manifest)


@pytest.fixture
def pushed(strata: Strata, registry_server: Registry) -> Registry:
    registry_server.add_image()
    assert strata("lock").returncode == 0
    first = push(strata, registry_server)
    assert first["made"] > 0
    return registry_server


def test_a_good_layer_is_used_again(strata: Strata, pushed: Registry) -> None:
    again = push(strata, pushed)
    assert again["made"] == 0
    assert again["kept"] == len(layers(pushed))


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "a smaller size": lambda one: one.update(size=one["size"] - 1),
    "a larger size": lambda one: one.update(size=one["size"] + 1),
    "no such blob": lambda one: one.update(digest=f"sha256:{'0' * 64}"),
    "a key of another compression": lambda one: one["annotations"].update(
        {KEY: one["annotations"][KEY].replace("zstd", "gzip")}
    ),
    "another compression": lambda one: one.update(
        mediaType="application/vnd.oci.image.layer.v1.tar+gzip"
    ),
    "a key that is none": lambda one: one["annotations"].update({KEY: "../../x"}),
    "a key in capitals": lambda one: one["annotations"].update(
        {KEY: one["annotations"][KEY].upper()}
    ),
    "a key with more": lambda one: one["annotations"].update({KEY: one["annotations"][KEY] + "\n"}),
    "a number for a key": lambda one: one["annotations"].update({KEY: 1}),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_not_as_described_is_made_again(
    strata: Strata, pushed: Registry, damage: Callable[[dict[str, Any]], object]
) -> None:
    good = layers(pushed)
    change(pushed, damage)
    again = push(strata, pushed)
    assert again["made"] == len(good)
    assert layers(pushed) == good


def test_a_blob_that_was_replaced_by_another_size_is_named(
    strata: Strata, pushed: Registry
) -> None:
    change(pushed, DAMAGE["no such blob"])
    said = push(strata, pushed)["stderr"]
    assert f"team/base@sha256:{'0' * 64} is not what its manifest says, and is made again" in said
