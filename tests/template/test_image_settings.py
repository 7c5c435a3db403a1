"""One way to the image: settings in pyproject.toml, and a Dockerfile that can be read."""

from __future__ import annotations

from pathlib import Path

from conda_strata.doctor import image as doctor
from conda_strata.image import dockerfile, settings_file
from tests.template.conftest import Variant


def test_the_dockerfile_is_short_and_has_both_bases(variant: Variant) -> None:
    file = variant.folder / ".devcontainer/Dockerfile"
    lines = file.read_text("utf-8").splitlines()
    assert len([line for line in lines if not line.startswith("#")]) < 40
    found = dockerfile.read(file, {})
    assert [found.base_stage(t).name for t in ("dev", "runtime")] == ["dev-base", "runtime-base"]
    assert found.images(found.base_stage("dev")) == ["debian:trixie-slim"]
    assert found.stages[-1].name == "dev"


def test_a_changed_environment_does_not_touch_the_bases(variant: Variant) -> None:
    found = dockerfile.read(variant.folder / ".devcontainer/Dockerfile", {})
    copied = {f for s in found.needed(found.base_stage("dev")) for f in s.files}
    assert copied == {"apt.tx[t]", ".devcontainer/activate.sh"}


def test_settings_and_devcontainer_name_one_image(variant: Variant) -> None:
    said = settings_file.read(variant.folder)
    assert doctor.named(variant.folder) == f"{said.name}:dev"
    assert said.dockerfile == Path(".devcontainer/Dockerfile")
    assert said.about["org.opencontainers.image.source"].startswith("https://github.com/")
    assert not [f for f in doctor.image(variant.folder, offline=True) if f.level == "problem"]


def test_nothing_else_builds_images(variant: Variant) -> None:
    for name in ("docker-bake.hcl", ".devcontainer/images.sh"):
        assert not (variant.folder / name).exists()
