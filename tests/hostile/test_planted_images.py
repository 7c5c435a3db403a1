"""Images that somebody put beside the project's own are not used by 'strata image push'.

Only main writes the tags that are looked for. A pull request cannot write at all; these are the places
that its branch, its number or its lock would name.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from conda_strata.image.oci_image import KEY
from tests.conftest import Strata
from tests.support.registry_server import Registry, digest_of

pytestmark = pytest.mark.usefixtures("home")

PLACES = [
    "pr-1", "change", "refs-pull-1-merge", "cache", "buildcache", "main", "latest",
    "default", "dev-0123456789abcdef", "runtime-0123456789abcdef", "dev-base-0123456789abcdef",
]  # fmt: skip


@pytest.fixture
def project_of(project: Path, registry_server: Registry) -> Registry:
    registry_server.add_image()
    (project / "strata.toml").write_text(
        f'[image]\nname = "{registry_server.address}/team/study"\nplatforms = ["linux-64"]\n'
        f'base = "{registry_server.address}/team/base:base"\ntargets = {{ dev = "default" }}\n'
    )
    return registry_server


def push(strata: Strata) -> dict[str, Any]:
    # Another machine each time, which has no layers of its own.
    with TemporaryDirectory() as cache:
        done = strata("image", "push", "--json", RATTLER_CACHE_DIR=cache)
    assert done.returncode == 0, done.stderr
    (said,) = json.loads(done.stdout)
    return dict(said)


def poisoned(registry: Registry, digest: str) -> tuple[dict[str, Any], str]:
    """Return an image like the one with *digest*, whose layers hold something else, and that one."""
    manifest = copy.deepcopy(json.loads(registry.manifests[digest]))
    planted = registry.add(b"poison")
    for one in manifest["layers"]:
        if KEY in (one.get("annotations") or {}):
            one |= {"digest": planted, "size": len(b"poison")}
    return manifest, planted


def forget(registry: Registry, keep: str) -> None:
    """Have nothing of the project there but the base below it."""
    for name in [name for name in registry.manifests if name not in (keep, "base")]:
        del registry.manifests[name]


def layers(registry: Registry, digest: str) -> list[str]:
    return [one["digest"] for one in json.loads(registry.manifests[digest])["layers"]]


def test_only_the_tags_of_main_are_looked_at(strata: Strata, project_of: Registry) -> None:
    registry = project_of
    assert strata("lock").returncode == 0
    first = push(strata)
    assert first["made"] > 0
    honest = registry.manifests[first["digest"]]
    bait, planted = poisoned(registry, first["digest"])
    base = digest_of(registry.manifests["base"])

    forget(registry, base)
    for tag in PLACES:
        registry.put(tag, bait)
    registry.asked.clear()
    again = push(strata)
    assert again["made"] == first["made"]
    assert again["digest"] == first["digest"]
    assert registry.manifests[again["digest"]] == honest
    read = {r.path.rpartition("/")[2] for r in registry.asked if "/manifests/" in r.path}
    assert not read & set(PLACES)

    # The bait is good: where main alone writes, it would be taken.
    forget(registry, base)
    registry.put("dev", bait)
    taken = push(strata)
    assert taken["made"] == 0
    assert planted in layers(registry, taken["digest"])


def test_a_pull_request_asks_main_for_layers_and_writes_none(
    strata: Strata, project_of: Registry
) -> None:
    """'strata image build' reads the tags of main, too, and sends nothing."""
    registry = project_of
    assert strata("lock").returncode == 0
    first = push(strata)
    registry.asked.clear()
    with TemporaryDirectory() as cache:
        words = ("--json", "--output", "image.tar")
        done = strata("image", "build", *words, RATTLER_CACHE_DIR=cache)
    assert done.returncode == 0, done.stderr
    (said,) = json.loads(done.stdout)
    assert said["digest"] == first["digest"]
    assert said["made"] == 0
    assert {request.method for request in registry.asked} <= {"GET", "HEAD"}
