"""One generated project, built and pushed on the rig: what all tests here look at."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import rig
from demo import image, surroundings
from demo.project import Project, generate


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cloud)


@dataclass(frozen=True)
class Built:
    """A project whose images are in the rig's registry."""

    project: Project
    here: surroundings.Surroundings
    cloud: image.Cloud
    first: image.Build
    sizes: dict[str, dict[str, int]]

    def reference(self, target: str) -> str:
        return f"{self.project.image}:{target}"


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[surroundings.Surroundings]:
    before = os.environ.get("XDG_CONFIG_HOME")
    yield surroundings.find(tmp_path_factory.mktemp("wheels"))
    if not os.environ.get("RIG_KEEP"):
        rig.down()
    if before is None:
        os.environ.pop("XDG_CONFIG_HOME", None)
    else:
        os.environ["XDG_CONFIG_HOME"] = before


@pytest.fixture(scope="session")
def built(here: surroundings.Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The default project, locked and pushed to a registry that knows nothing of it."""
    if here.cloud is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Docker; see what the rig said above")
        pytest.skip("NO DOCKER on this machine and none can be installed: images are not tested")
    answers = here.answers | {"github_owner": f"owner-{time.time_ns()}"}
    project = generate(tmp_path_factory.mktemp("project"), answers)
    project.strata("lock", *here.platforms)
    first = image.publish(project.folder, here.cloud)
    sizes = {target: image.blobs(f"{project.image}:{target}") for target in image.TARGETS}
    return Built(project, here, here.cloud, first, sizes)
