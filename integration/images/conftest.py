"""One generated project, built and pushed on the rig: what all tests here look at."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from demo import image, surroundings
from demo.project import Project, generate


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
def built(rigged: surroundings.Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The default project, locked and pushed to a registry that knows nothing of it."""
    assert rigged.cloud
    answers = rigged.answers | {"github_owner": f"owner-{time.time_ns()}"}
    project = generate(tmp_path_factory.mktemp("project"), answers)
    project.strata("lock", *rigged.lock_options)
    first = image.publish(project.folder, rigged.cloud)
    sizes = {target: image.blobs(f"{project.image}:{target}") for target in image.TARGETS}
    return Built(project, rigged, rigged.cloud, first, sizes)
