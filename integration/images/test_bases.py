"""Base images that a Dockerfile makes, each time with an empty cache of the builder's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conda_strata.image import bases
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base
from conda_strata.image.recipe import Recipe
from conda_strata.image.settings import Settings
from demo import surroundings

# The builder runs all steps again when the argument RUN_AGAIN has another value.
DOCKERFILE = f"""\
FROM {surroundings.DEBIAN} AS dev-base
{{stamp}}
ARG RUN_AGAIN
RUN useradd --create-home scientist && mkdir /opt/tool && touch /opt/tool/now
"""


@pytest.fixture
def build(rigged: surroundings.Surroundings, tmp_path: Path) -> Callable[[str, str], Base]:
    """Build a base from a Dockerfile, as on a machine that has never built it."""
    assert rigged.cloud is not None
    contexts = rigged.cloud.contexts

    def run(stamp: str, again: str) -> Base:
        (tmp_path / "Dockerfile").write_text(DOCKERFILE.format(stamp=stamp))
        recipe = Recipe(
            folder=tmp_path,
            settings=Settings(dockerfile=Path("Dockerfile")),
            arguments={"RUN_AGAIN": again},
            contexts=contexts,
            store=BlobStore(tmp_path / again),
        )
        return bases.find(recipe, "dev", "linux-64", registries=[], prefix="/opt/env")[0]

    return run


def test_two_builds_give_the_same_layers(
    build: Callable[[str, str], Base], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stamped = [build("ARG SOURCE_DATE_EPOCH", again) for again in "12"]
    assert stamped[0].config["rootfs"] == stamped[1].config["rootfs"]
    assert stamped[0].config["created"] == stamped[1].config["created"]
    assert [held.descriptor for held in stamped[0].layers] == [
        held.descriptor for held in stamped[1].layers
    ]
    plain = [build("", again) for again in "34"]
    assert plain[0].config["rootfs"] != plain[1].config["rootfs"]
