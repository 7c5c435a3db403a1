"""What these tests share: the rig, a real registry, and the channel of the other tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import rig
from demo import surroundings
from integration.registry.image_registry import serving
from tests.conftest import channel, project, strata

__all__ = ["channel", "project", "strata"]

HERE = Path(__file__).parent
NEED_DOCKER = {"images", "workflows"}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in this hook, too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Docker, and keep in one process what shares one rig or one Windows."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
        if folder in NEED_DOCKER:
            item.add_marker(pytest.mark.cloud)
        if folder == "windows":
            item.add_marker(pytest.mark.xdist_group("windows"))
        elif item.get_closest_marker("cloud"):
            item.add_marker(pytest.mark.xdist_group("rig"))


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real registry that lets everybody push."""
    with serving(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[surroundings.Surroundings]:
    """The rig, up; it is taken down at the end unless RIG_KEEP is set."""
    before = os.environ.get("XDG_CONFIG_HOME")
    yield surroundings.find(tmp_path_factory.mktemp("wheels"))
    if not os.environ.get("RIG_KEEP"):
        rig.down()
    if before is None:
        os.environ.pop("XDG_CONFIG_HOME", None)
    else:
        os.environ["XDG_CONFIG_HOME"] = before


@pytest.fixture(scope="session")
def rigged(here: surroundings.Surroundings) -> surroundings.Surroundings:
    """The rig with Docker, without which the test is skipped, and fails on CI."""
    if here.cloud is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Docker; see what the rig said above")
        pytest.skip("NO DOCKER on this machine and none can be installed: images are not tested")
    return here
