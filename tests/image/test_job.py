"""A project's image, made and pushed: what goes where, and what is used again from where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conda_strata.image.blobs import BlobStore
from conda_strata.image.job import LOCKED, Job, Place
from conda_strata.image.oci_image import KEY
from conda_strata.image.recipe import Recipe
from conda_strata.image.settings import Settings
from conda_strata.registry.repository import Repository
from tests.conftest import SUBDIR, HandMadeChannel
from tests.support.records import lock_of, newest
from tests.support.registry_server import Registry


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.add_image("base")
    return registry


@pytest.fixture
def job(channel: HandMadeChannel, project: Path, registry: Registry, tmp_path: Path) -> Job:
    known = newest(channel)
    lock = lock_of(
        {
            "default": [known["paths"], known["python"]],
            "dev": [known["paths"], known["python"], known["tool"]],
        }
    )
    settings = Settings(base=f"{registry.address}/team/base:base", about={"title": "mine"})
    recipe = Recipe(project, settings, {}, {}, BlobStore(tmp_path / "store"))
    return Job(settings, recipe, lock, None, [SUBDIR], Repository(f"{registry.address}/team/app"))


def elsewhere(job: Job, folder: Path, **changed: Any) -> Job:
    """The same on a machine that has nothing."""
    recipe = replace(job.recipe, store=BlobStore(folder), **changed.pop("recipe", {}))
    return replace(job, recipe=recipe, **changed)


def test_an_image_is_pushed_under_its_key(job: Job, registry: Registry) -> None:
    (made,) = job.push("dev")
    manifest = json.loads(registry.manifests[job.tag("dev")])
    assert registry.manifests[job.tag("dev")] == made.manifest
    assert all(one["digest"] in registry.blobs for one in manifest["layers"])
    assert manifest["config"]["digest"] in registry.blobs
    notes = manifest["annotations"]
    assert notes["title"] == "mine"
    assert notes["org.opencontainers.image.base.name"] == job.settings.base
    assert notes[LOCKED].startswith("sha256:")
    assert len(notes[LOCKED]) == 71
    there = job.there("dev")
    assert there is not None
    assert there.digest == made.digest
    (runtime,) = job.push("runtime")
    assert (runtime.made, runtime.kept) == (0, 3)
    other = json.loads(runtime.manifest)["annotations"]
    assert other[LOCKED] != notes[LOCKED]
    assert set(registry.manifests) >= {job.tag("dev"), job.tag("runtime")}


def test_another_machine_makes_only_what_no_registry_has(
    job: Job, registry: Registry, tmp_path: Path
) -> None:
    (first,) = job.push("runtime")
    (again,) = elsewhere(job, tmp_path / "a").push("runtime")
    assert (again.digest, again.made, again.kept) == (first.digest, 0, 3)
    registry.manifests["runtime"] = registry.manifests.pop(job.tag("runtime"))
    (by_name,) = elsewhere(job, tmp_path / "b").push("dev")
    assert (by_name.made, by_name.kept) == (1, 3)
    registry.manifests["other"] = registry.manifests.pop("runtime")
    registry.manifests.pop(job.tag("dev"))
    place = Place(Repository(f"{registry.address}/team/cache"), "other")
    (reused,) = elsewhere(job, tmp_path / "c", reuse=[place]).push("dev")
    assert (reused.digest, reused.made) == (by_name.digest, 1)
    (alone,) = elsewhere(job, tmp_path / "d").compose("dev", places=[])
    assert (alone.digest, alone.made) == (by_name.digest, 4)


def test_settings_decide_what_is_made(job: Job, registry: Registry, tmp_path: Path) -> None:
    settings = replace(job.settings, compression="gzip")
    packed = replace(job, settings=settings)
    packed = elsewhere(packed, tmp_path / "a", recipe={"settings": settings})
    (made,) = packed.push("runtime")
    kinds = {held.descriptor.media_type.rpartition("+")[2] for held in made.layers}
    assert kinds == {"gzip"}
    slim = replace(job, settings=replace(job.settings, slim=True))
    (less,) = slim.compose("runtime", places=[])
    (plain,) = job.compose("runtime", places=[])
    keys = [
        {one["annotations"][KEY] for one in json.loads(image.manifest)["layers"][2:]}
        for image in (less, plain)
    ]
    assert not keys[0] & keys[1]
    assert registry.asked


def test_a_registry_that_is_away_is_told_and_the_others_are_asked(
    job: Job, registry: Registry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    away = Place(Repository("127.0.0.1:9/team/cache"))
    here = Place(Repository(f"{registry.address}/team/cache"), "other")
    with caplog.at_level("WARNING"):
        found = replace(job, reuse=[away, here]).reachable()
    assert [place.repository.name for place in found] == [
        f"{registry.address}/team/app", f"{registry.address}/team/cache",
    ]  # fmt: skip
    assert caplog.text.count("going on without what it has") == 1
    assert "127.0.0.1:9/team/cache" in caplog.text
    assert replace(job, home=None, reuse=[away]).reachable() == []
