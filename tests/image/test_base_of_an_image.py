"""What a base image is made from, whether it is there, and a base that is taken as it is."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import NetworkError, UsageError
from conda_strata.image import bases, push
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base
from conda_strata.image.job import Job, Place
from conda_strata.image.oci_image import ImageLayer
from conda_strata.image.recipe import Origin, Recipe
from conda_strata.image.reuse import Held
from conda_strata.image.settings import Settings
from conda_strata.registry.repository import Repository
from conda_strata.spec.manifest import Manifest
from tests.support.packed import unpacked
from tests.support.records import SUBDIR, lock_of, record, wheel
from tests.support.registry_server import (
    LAYER,
    Registry,
    Reply,
    config_of,
    described,
    digest_of,
    serving,
)

DOCKERFILE = """\
ARG VERSION=1
FROM {address}/team/tools AS tools
FROM {address}/team/base:base AS dev-base
COPY apt.tx[t] scripts/ /srv/
COPY --from=extra / /x
COPY --from=tools / /y
FROM scratch AS other
COPY unused /x
"""


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.add_image("base")
    registry.put("latest", {**registry.add_image("latest"), "annotations": {"a": "b"}})
    return registry


@pytest.fixture
def project(tmp_path: Path, registry: Registry) -> Path:
    folder = tmp_path / "project"
    for name in ("scripts/a.sh", "scripts/.git/x", "context/c.txt", "unused"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "Dockerfile").write_text(DOCKERFILE.format(address=registry.address))
    return folder


@pytest.fixture
def recipe(project: Path, tmp_path: Path) -> Recipe:
    return Recipe(
        project,
        Settings(dockerfile=Path("Dockerfile")),
        {"VERSION": "1"},
        {"extra": str(project / "context")},
        BlobStore(tmp_path / "store"),
    )


def fresh(recipe: Recipe, **changed: Any) -> Recipe:
    """The same, as the next process sees it."""
    return replace(recipe, **changed)


def edit(name: str, text: str) -> Callable[[Path, Registry], object]:
    def change(folder: Path, _registry: Registry) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    return change


INPUTS: dict[str, Callable[[Path, Registry], object]] = {
    "a file that it copies": edit("scripts/a.sh", "b"),
    "the right to run it": lambda folder, _: (folder / "scripts/a.sh").chmod(0o744),
    "a file more": edit("scripts/b.sh", ""),
    "one that may be there": edit("apt.txt", "git"),
    "a build context": edit("context/c.txt", "d"),
    "a file of it more": edit("context/e.txt", ""),
    "the Dockerfile": lambda folder, _: (folder / "Dockerfile").write_text(
        (folder / "Dockerfile").read_text() + "#\n"
    ),
    "the image below": lambda _, registry: registry.put("base", b'{"a": 1}'),
    "an image that it copies from": lambda _, registry: registry.put("latest", b'{"a": 1}'),
}
OTHERS: dict[str, Callable[[Path, Registry], object]] = {
    "a file of another stage": edit("unused", "x"),
    "a file that nothing copies": edit("more", "x"),
    "git": edit("scripts/.git/x", "y"),
    "another image": lambda _, registry: registry.put("other", b"{}"),
}


@pytest.mark.parametrize("change", INPUTS.values(), ids=INPUTS)
def test_each_input_changes_the_key_of_a_base(
    recipe: Recipe, project: Path, registry: Registry, change: Callable[[Path, Registry], object]
) -> None:
    before = recipe.key("dev")
    change(project, registry)
    after = fresh(recipe)
    assert after.key("dev") != before
    assert len(after.key("dev")) == 16


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_nothing_else_changes_it(
    recipe: Recipe, project: Path, registry: Registry, change: Callable[[Path, Registry], object]
) -> None:
    before = recipe.key("dev")
    change(project, registry)
    assert fresh(recipe).key("dev") == before


def test_arguments_and_the_stage_are_inputs(recipe: Recipe) -> None:
    keys = {
        recipe.key("dev"),
        recipe.key("other"),
        fresh(recipe, arguments={"VERSION": "2"}).key("dev"),
        fresh(recipe, arguments={"VERSION": "1", "MORE": "1"}).key("dev"),
    }
    assert len(keys) == 4


def test_arguments_and_contexts_are_inputs_in_any_order(recipe: Recipe, project: Path) -> None:
    arguments = {"VERSION": "1", "MORE": "2"}
    contexts = {"extra": str(project / "context"), "also": str(project / "scripts")}
    one = fresh(recipe, arguments=arguments, contexts=contexts)
    other = fresh(
        recipe,
        arguments=dict(reversed(arguments.items())),
        contexts=dict(reversed(contexts.items())),
    )
    assert one.key("dev") == other.key("dev")


def test_keys_of_bases_stay_what_they_are(recipe: Recipe, project: Path) -> None:
    """Another key in a new release would make the bases of all images again."""
    (project / "Dockerfile").write_text("FROM scratch AS dev-base\nCOPY scripts /x\n")
    assert fresh(recipe).key("dev") == "97dc6c8e53d37f4e"
    (project / "scripts/a.sh").chmod(0o755)
    assert fresh(recipe).key("dev") == "b22549f03ad7e0c9"


def test_inputs_are_named(recipe: Recipe, registry: Registry) -> None:
    said = recipe.inputs("dev")
    assert sorted(said) == [
        "Dockerfile",
        "build argument VERSION",
        "build context extra c.txt",
        "file scripts/a.sh",
        f"image {registry.address}/team/base:base",
        f"image {registry.address}/team/tools",
        "stage dev",
    ]
    assert said["stage dev"] == "dev-base"
    assert [one.digest for one in recipe.origins("dev")] == [
        registry_digest(registry, "base"), registry_digest(registry, "latest"),
    ]  # fmt: skip


def registry_digest(registry: Registry, tag: str) -> str:
    return digest_of(registry.manifests[tag])


def test_a_builder_gets_images_by_their_digests(recipe: Recipe, registry: Registry) -> None:
    base = f"{registry.address}/team/base:base"
    assert recipe.pinned_contexts("dev") == {
        **recipe.contexts,
        base: f"docker-image://{registry.address}/team/base@{registry_digest(registry, 'base')}",
        f"{registry.address}/team/tools": (
            f"docker-image://{registry.address}/team/tools@{registry_digest(registry, 'latest')}"
        ),
    }


def test_an_image_can_stand_in_the_place_of_another(recipe: Recipe, registry: Registry) -> None:
    base = f"{registry.address}/team/base:base"
    mirror = f"docker-image://{registry.address}/mirror/base:latest"
    (origin, *_) = fresh(recipe, contexts={base: mirror, "extra": "/x"}).origins("dev")
    assert origin.name == base
    assert origin.digest == registry_digest(registry, "latest")
    assert origin.pinned == f"{registry.address}/mirror/base@{origin.digest}"
    assert origin.annotations == {
        "org.opencontainers.image.base.digest": origin.digest,
        "org.opencontainers.image.base.name": base,
    }


def test_images_of_docker_hub_are_called_as_docker_does() -> None:
    origin = Origin("debian:12", Repository("debian:12"), "sha256:x")
    assert origin.pinned == "docker.io/library/debian@sha256:x"
    assert origin.annotations["org.opencontainers.image.base.name"] == (
        "docker.io/library/debian:12"
    )


def test_offline_the_digest_of_last_time_counts(recipe: Recipe, registry: Registry) -> None:
    before = recipe.key("dev")
    asked = len(registry.asked)
    assert recipe.key("dev") == before
    assert len(registry.asked) == asked
    registry.rule = lambda _request: Reply(403)
    assert fresh(recipe).key("dev") == before
    with pytest.raises(NetworkError, match="403"):
        fresh(recipe, store=BlobStore(recipe.folder / "new")).key("dev")
    registry.rule = lambda _request: Reply(404)
    with pytest.raises(NetworkError, match="no such image"):
        fresh(recipe).key("dev")


@pytest.mark.parametrize("pattern", ["/scripts/", "./scripts", "scripts/*.sh", "s*"])
def test_patterns_mean_files_of_the_project(recipe: Recipe, project: Path, pattern: str) -> None:
    (project / "Dockerfile").write_text(f"FROM scratch AS dev\nCOPY {pattern} scripts/a.sh /x\n")
    found = fresh(recipe, contexts={}, arguments={}).inputs("dev")
    assert sorted(found) == ["Dockerfile", "file scripts/a.sh", "stage dev"]


def test_all_of_the_project(recipe: Recipe, project: Path) -> None:
    (project / "Dockerfile").write_text("FROM scratch AS dev\nCOPY . /x\n")
    found = [name for name in fresh(recipe, contexts={}).inputs("dev") if name.startswith("file ")]
    assert found == [
        f"file {name}" for name in ("Dockerfile", "context/c.txt", "scripts/a.sh", "unused")
    ]


def test_a_path_that_is_none_is_refused(recipe: Recipe, project: Path) -> None:
    (project / "Dockerfile").write_text("FROM scratch AS dev\nCOPY a**b /x\n")
    with pytest.raises(UsageError, match="no path of the project"):
        fresh(recipe).key("dev")


# A base that is there.


def test_a_base_is_found_under_its_key(recipe: Recipe, registry: Registry) -> None:
    home = Repository(f"{registry.address}/team/app")
    tag = bases.tag("dev", recipe.key("dev"))
    assert tag == f"dev-base-{recipe.key('dev')}"
    registry.add_image(tag)
    found, is_new = bases.find(recipe, "dev", SUBDIR, registries=[home], prefix="/opt/env")
    assert not is_new
    assert [held.source for held in found.layers] == [home]
    assert found.config == config_of()
    assert found.annotations == recipe.origins("dev")[0].annotations


def test_a_base_without_a_dockerfile_is_set_up(recipe: Recipe, registry: Registry) -> None:
    name = f"{registry.address}/team/base:base"
    plain = fresh(recipe, settings=Settings(base=name))
    found, is_new = bases.find(plain, "dev", SUBDIR, registries=[], prefix="/srv/env")
    assert not is_new
    assert found.annotations["org.opencontainers.image.base.name"] == name
    below, script = found.layers
    assert below.source is not None
    assert script.source is None
    data = plain.store.path(script.descriptor.digest).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(unpacked(data))) as tar:
        (member,) = tar
        text = tar.extractfile(member).read().decode()  # type: ignore[union-attr]
    assert (member.name, member.mode) == ("etc/profile.d/conda-strata.sh", 0o644)
    assert member.mtime == 315532800
    assert 'export PATH="$CONDA_PREFIX/bin:$PATH"' in text
    assert found.config["config"]["Env"] == [
        "CONDA_PREFIX=/srv/env",
        "PATH=/srv/env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]
    assert found.config["config"]["Entrypoint"] == ["/bin/sh", "-l", "-c", 'exec "$@"', "sh"]
    assert found.config["config"]["Cmd"] == ["/bin/sh"]
    assert found.config["rootfs"]["diff_ids"] == [
        *config_of()["rootfs"]["diff_ids"], script.layer.diff_id,
    ]  # fmt: skip
    assert plain.inputs("dev") == {f"image {name}": registry_digest(registry, "base")}
    again, _ = bases.find(fresh(plain), "dev", SUBDIR, registries=[], prefix="/srv/env")
    assert push.plain(SUBDIR, again).digest == push.plain(SUBDIR, found).digest


def with_config(registry: Registry, **config: Any) -> None:
    data = json.dumps(config_of(config=config)).encode()
    manifest = registry.add_image("base")
    manifest["config"] = {**manifest["config"], "digest": registry.add(data), "size": len(data)}
    registry.put("base", manifest)


def test_what_a_base_says_of_itself_stays(recipe: Recipe, registry: Registry) -> None:
    said = ["A=1", "PATH=/usr/bin", "CONDA_PREFIX=/x", "PATHS=1"]
    with_config(registry, Env=said, Entrypoint=["/init"], Cmd=["run"], User="me")
    plain = fresh(recipe, settings=Settings(base=f"{registry.address}/team/base:base"))
    found, _ = bases.find(plain, "dev", SUBDIR, registries=[], prefix="/opt/env")
    assert found.config["config"] == {
        "Env": ["A=1", "PATHS=1", "CONDA_PREFIX=/opt/env", "PATH=/opt/env/bin:/usr/bin"],
        "Entrypoint": ["/init"],
        "Cmd": ["run"],
        "User": "me",
    }
    with_config(registry, Cmd=["python"])
    found, _ = bases.find(fresh(plain), "dev", SUBDIR, registries=[], prefix="/opt/env")
    assert found.config["config"]["Cmd"] == ["python"]
    assert found.config["config"]["Entrypoint"][0] == "/bin/sh"


def test_a_platform_that_a_base_lacks_is_told(recipe: Recipe, registry: Registry) -> None:
    plain = fresh(recipe, settings=Settings(base=f"{registry.address}/team/base:base"))
    with pytest.raises(NetworkError, match="is not there for linux-aarch64"):
        bases.find(plain, "dev", "linux-aarch64", registries=[], prefix="/opt/env")


# A base that was built here.


def test_a_base_that_was_built_is_remembered_while_it_is_whole(recipe: Recipe) -> None:
    store = recipe.store
    here = Held(ImageLayer(described(store.add(b"own"), 3, LAYER), digest_of(b"x")))
    there = Held(
        ImageLayer(described(digest_of(b"there"), 5, LAYER), digest_of(b"y")),
        Repository("ghcr.io/team/base"),
    )
    base = Base({"a": 1}, [there, here])
    assert bases._remembered(store, "base") is None
    bases._remember(store, "base", base)
    found = bases._remembered(BlobStore(store.folder), "base")
    assert found is not None
    assert found.config == base.config
    assert [held.layer for held in found.layers] == [there.layer, here.layer]
    assert found.layers[1].source is None
    assert found.layers[0].source is not None
    assert found.layers[0].source.name == "ghcr.io/team/base"
    store.path(here.descriptor.digest).unlink()
    assert bases._remembered(BlobStore(store.folder), "base") is None
    store.note("odd", {"layers": [{}], "config": {}})
    assert bases._remembered(store, "odd") is None


# The images of a project.

PACKAGES = [record("python", "3.12.4"), record("zlib")]
LOCK = lock_of(
    {"default": PACKAGES, "dev": [*PACKAGES, record("pytest")], "docs": [*PACKAGES, record("x")]}
)


@pytest.fixture
def job(recipe: Recipe, registry: Registry) -> Job:
    settings = Settings(base=f"{registry.address}/team/base:base", about={"title": "a"})
    variables = {"default": {"A": "1"}, "dev": {"B": "2"}, "docs": {"C": "3"}}
    manifest = Manifest({}, (), (SUBDIR,), (), variables=variables)
    home = Repository(f"{registry.address}/team/app")
    return Job(settings, fresh(recipe, settings=settings), LOCK, manifest, [SUBDIR], home)


def changed_settings(job: Job, **changed: Any) -> Job:
    return replace(job, settings=replace(job.settings, **changed))


def with_variables(job: Job, **changed: dict[str, str]) -> Job:
    assert job.manifest is not None
    return replace(
        job, manifest=job.manifest._replace(variables={**job.manifest.variables, **changed})
    )


def with_packages(job: Job, name: str, *more: Any) -> Job:
    environments = {**job.lock.environments, name: {SUBDIR: [*PACKAGES, *more]}}
    return replace(job, lock=replace(job.lock, environments=environments))


JOBS: dict[str, Callable[[Job], Job]] = {
    "compression": lambda job: changed_settings(job, compression="gzip"),
    "slim": lambda job: changed_settings(job, slim=True),
    "what it says of itself": lambda job: changed_settings(job, about={"title": "b"}),
    "targets": lambda job: changed_settings(job, targets={"dev": "dev"}),
    "other targets": lambda job: changed_settings(
        job, targets={"dev": "default", "runtime": "dev"}
    ),
    "a package of default": lambda job: with_packages(job, "default", record("more")),
    "a package of dev": lambda job: with_packages(job, "dev", record("more")),
    "a wheel": lambda job: replace(
        job, lock=replace(job.lock, wheels={"dev": {SUBDIR: [wheel("rich")]}})
    ),
    "a variable of default": lambda job: with_variables(job, default={"A": "2"}),
    "a variable of dev": lambda job: with_variables(job, dev={"B": "3"}),
    "no environment files": lambda job: replace(job, manifest=None),
    "platforms": lambda job: replace(job, subdirs=[SUBDIR, "linux-aarch64"]),
    "the base": lambda job: replace(
        job, recipe=fresh(job.recipe, settings=Settings(base=f"{job.settings.base[:-4]}latest"))
    ),
}
SAME: dict[str, Callable[[Job], Job]] = {
    "the name of the images": lambda job: replace(changed_settings(job, name="a/b"), home=None),
    "a size limit": lambda job: changed_settings(job, size_limit="3GB"),
    "platforms that others push": lambda job: changed_settings(job, platforms=("linux-aarch64",)),
    "a package of docs": lambda job: with_packages(job, "docs"),
    "a variable of docs": lambda job: with_variables(job, docs={"C": "4"}),
    "targets as they are anyway": lambda job: changed_settings(
        job, targets={"runtime": "default", "dev": "dev"}
    ),
    "where layers are used again": lambda job: replace(job, reuse=[Place.parse("a/b:c")]),
}


@pytest.mark.parametrize("change", JOBS.values(), ids=JOBS)
def test_each_input_changes_the_key_of_an_image(job: Job, change: Callable[[Job], Job]) -> None:
    assert change(job).key.digest != replace(job).key.digest


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_nothing_else_changes_the_key_of_an_image(job: Job, change: Callable[[Job], Job]) -> None:
    assert change(job).key == job.key


def test_inputs_of_an_image_are_named(job: Job) -> None:
    said = replace(job, subdirs=["linux-aarch64", SUBDIR]).key.inputs
    base = f"image {job.settings.base}"
    assert {name: value for name, value in said.items() if "/" not in name or name == base} == {
        "layer format": "5",
        "prefix": "/opt/env",
        "compression": "zstd",
        "slim": "False",
        "platforms": "linux/amd64 linux/arm64",
        "targets": "dev=dev runtime=default",
        "about title": "a",
        base: job.recipe.origins("dev")[0].digest,
    }
    assert [name for name in said if "/" in name and name != base] == [
        "default/linux-64", "default/variables", "dev/linux-64", "dev/variables",
    ]  # fmt: skip


def test_targets_are_those_whose_environments_there_are(job: Job) -> None:
    assert dict(job.targets) == {"dev": "dev", "runtime": "default"}
    assert dict(replace(job, lock=lock_of({"default": PACKAGES})).targets) == {"runtime": "default"}
    with pytest.raises(UsageError, match="target 'x' holds the environment 'none'"):
        _ = changed_settings(job, targets={"x": "none"}).targets


def test_an_image_is_found_under_its_key(job: Job, registry: Registry) -> None:
    assert job.tag("dev") == f"dev-{job.key.short}"
    assert job.there("dev") is None
    registry.put(job.tag("dev"), b"{}")
    found = job.there("dev")
    assert found is not None
    assert found.digest == digest_of(b"{}")
    with pytest.raises(UsageError, match="does not name the images"):
        replace(job, home=None).registry()


def test_places_that_cannot_be_asked_are_left_out(job: Job, registry: Registry) -> None:
    with serving() as other:
        other.rule = lambda _request: Reply(403)
        closed = Place.parse(f"{other.address}/a/b:c")
        good = Place.parse(f"{registry.address}/a/b:c")
        assert job.home is not None
        assert replace(job, reuse=[closed, good]).reachable() == [Place(job.home), good]
        assert [r.path for r in other.asked] == ["/v2/a/b/manifests/c"]
        assert replace(job, home=None, reuse=[closed]).reachable() == []


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("127.0.0.1:5000/a/b", ""),
        ("ghcr.io/a/b:c", "c"),
        (f"ghcr.io/a/b@{digest_of(b'')}", digest_of(b"")),
    ],
)
def test_a_place_is_a_repository_or_one_image(name: str, tag: str) -> None:
    assert Place.parse(name).tag == tag


def test_what_lies_below_an_environment_is_an_input_without_a_target_of_its_own(job: Job) -> None:
    dev = changed_settings(job, targets={"dev": "dev"})
    assert with_variables(dev, default={"A": "2"}).key.digest != dev.key.digest
    assert with_packages(dev, "default", record("more")).key.digest != dev.key.digest
