"""What Docker and Podman are asked for, by a program that notes it; they themselves are integration's."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import StrataError
from conda_strata.image import bases, load, local
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Composed
from conda_strata.image.local import Local
from conda_strata.image.oci_image import ImageLayer
from conda_strata.image.recipe import Recipe
from conda_strata.image.reuse import Held
from conda_strata.image.settings import Settings
from conda_strata.registry.documents import encode
from conda_strata.registry.repository import Repository
from tests.support.registry_server import LAYER, config_of, described, digest_of, serving

PROGRAM = """\
#!{python}
import json, os, shutil, sys
words = sys.argv[1:]
with open(os.environ["ASKED"], "a") as noted:
    noted.write(json.dumps([os.path.basename(sys.argv[0]), *words]) + "\\n")
if words[:2] == ["image", "save"]:
    shutil.copyfile(os.environ["SAVED"], words[words.index("--output") + 1])
if words[:2] == ["image", "load"]:
    shutil.copyfile(words[words.index("--input") + 1], os.environ["LOADED"])
failing = os.environ.get("FAILING", "").split(",")
if words[0] in failing or words[1:2] and words[1] in failing:
    print("first line", file=sys.stderr)
    sys.exit("no room left")
"""


class Machine:
    """The programs of a machine, and what they were asked for."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        (folder / "bin").mkdir()
        monkeypatch.setenv("PATH", str(folder / "bin"))
        monkeypatch.setenv("ASKED", str(folder / "asked"))
        monkeypatch.setenv("SAVED", str(folder / "saved.tar"))
        monkeypatch.setenv("LOADED", str(folder / "loaded.tar"))
        (folder / "asked").touch()

    def has(self, *names: str, failing: str = "") -> None:
        for name in names:
            file = self.folder / "bin" / name
            file.write_text(PROGRAM.format(python=sys.executable))
            file.chmod(0o755)
        self.monkeypatch.setenv("FAILING", failing)

    @property
    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "asked").read_text().splitlines()]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_docker_is_taken_before_podman(machine: Machine) -> None:
    machine.has("docker", "podman")
    found = local.find()
    assert (found.program, found.title) == ("docker", "Docker")
    assert machine.asked == [["docker", "info"]]


def test_podman_is_taken_where_docker_is_not(machine: Machine) -> None:
    machine.has("podman")
    assert local.find() == Local("podman")


def test_neither_is_told_with_what_each_says(machine: Machine) -> None:
    machine.has("docker", failing="info")
    with pytest.raises(StrataError) as refused:
        local.find()
    assert refused.value.what == (
        "neither Docker nor Podman: docker does not answer (no room left); podman is not installed"
    )
    (machine.folder / "bin/podman").write_text("")
    with pytest.raises(StrataError, match="podman does not answer"):
        local.find()


def built(machine: Machine, program: str, cache: str = "") -> tuple[str, list[str]]:
    name = Local(program).build(
        Path("x/Dockerfile"),
        "dev-base",
        "linux/arm64",
        arguments={"A": "1", "B": "2"},
        contexts={"c": "folder"},
        cache=cache,
    )
    return name, machine.asked[-1]


COMMON = ["--file", "x/Dockerfile", "--target", "dev-base", "--platform", "linux/arm64"]
COMMON += ["--build-arg=A=1", "--build-arg=B=2", "--build-context=c=folder", "--tag"]


def test_one_stage_is_built_for_one_platform(machine: Machine) -> None:
    machine.has("docker", "podman")
    options = ["--load", "--provenance=false", "--cache-to=type=inline"]
    name, asked = built(machine, "docker")
    assert asked == ["docker", "buildx", "build", *options, *COMMON, name, "."]
    name, asked = built(machine, "docker", "ghcr.io/a/b:dev")
    cache = "--cache-from=type=registry,ref=ghcr.io/a/b:dev"
    assert asked == ["docker", "buildx", "build", *options, cache, *COMMON, name, "."]
    other, asked = built(machine, "podman", "ghcr.io/a/b:dev")
    assert asked == ["podman", "build", *COMMON, other, "."]
    assert other != name
    assert len(name.removeprefix("strata-base:")) == 16


def test_a_build_that_fails_is_told(machine: Machine) -> None:
    machine.has("podman", failing="build")
    with pytest.raises(StrataError, match="Dockerfile: the stage 'dev-base' could not be built"):
        built(machine, "podman")
    with pytest.raises(StrataError, match="docker does not run: No such file"):
        built(machine, "docker")


def test_docker_without_buildx_is_told(machine: Machine) -> None:
    machine.has("docker", failing="version")
    with pytest.raises(StrataError, match="docker has no buildx") as refused:
        built(machine, "docker")
    assert "docker-buildx-plugin" in refused.value.fix
    assert machine.asked == [["docker", "buildx", "version"]]


CALLS: dict[str, tuple[Callable[[Local], object], list[str]]] = {
    "save": (lambda one: one.save("x", Path("f")), ["image", "save", "--output", "f", "x"]),
    "remove": (lambda one: one.remove("x"), ["image", "rm", "x"]),
    "load": (lambda one: one.load(Path("saved.tar")), ["image", "load", "--input", "saved.tar"]),
    "tag": (lambda one: one.tag("x", "y"), ["image", "tag", "x", "y"]),
    "pull": (lambda one: one.pull("x"), ["pull", "--quiet", "x"]),
}


@pytest.mark.parametrize(("call", "words"), CALLS.values(), ids=CALLS)
def test_calls(
    machine: Machine, call: Callable[[Local], object], words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(machine.folder)
    (machine.folder / "saved.tar").touch()
    machine.has("docker", "podman")
    call(Local("docker"))
    assert machine.asked == [["docker", *words]]
    with pytest.raises(StrataError, match="none does not run"):
        call(Local("none"))


def test_a_pull_says_whether_it_worked(machine: Machine) -> None:
    machine.has("docker", "podman")
    assert Local("docker").pull("x") is True
    assert Local("podman").pull("x") is True
    assert machine.asked[-1] == ["podman", "pull", "--quiet", "--tls-verify=false", "x"]
    machine.has("docker", failing="pull,rm,tag")
    assert Local("docker").pull("x") is False
    Local("docker").remove("x")
    with pytest.raises(StrataError, match="docker image tag failed: first line no room left"):
        Local("docker").tag("x", "y")


# An image into Docker.


@pytest.fixture
def image(tmp_path: Path) -> tuple[Composed, BlobStore]:
    store = BlobStore(tmp_path / "store")
    about = described(store.add(b"layer"), 5, LAYER)
    manifest = encode({"layers": [about]})
    return Composed("linux-64", manifest, b"{}", [Held(ImageLayer(about, digest_of(b"")))]), store


def test_an_image_is_pulled_tagged_and_its_name_for_that_removed(
    machine: Machine, image: tuple[Composed, BlobStore]
) -> None:
    machine.has("docker")
    load.load(Local("docker"), "a/b:dev", *image)
    pulled, tagged, removed = machine.asked
    reference = pulled[-1]
    assert reference.startswith("127.0.0.1:")
    assert reference.endswith(f"@{image[0].digest}")
    assert tagged == ["docker", "image", "tag", reference, "a/b:dev"]
    assert removed == ["docker", "image", "rm", reference]


def test_a_daemon_elsewhere_gets_an_archive(
    machine: Machine, image: tuple[Composed, BlobStore]
) -> None:
    machine.has("docker", failing="pull")
    load.load(Local("docker"), "a/b:dev", *image)
    assert [words[1:3] for words in machine.asked] == [["pull", "--quiet"], ["image", "load"]]
    with tarfile.open(machine.folder / "loaded.tar") as tar:
        said = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert said[0]["RepoTags"] == ["a/b:dev"]


# A base that is built here.


def test_a_base_is_built_once_and_remembered(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATA_TIMEOUT", "5")
    machine.has("docker")
    layers = [b"files", b"own"]
    config = config_of(rootfs={"diff_ids": [digest_of(data) for data in layers]})
    said = [{"Config": "c", "Layers": ["0", "1"]}]
    content = {"manifest.json": json.dumps(said).encode(), "c": json.dumps(config).encode()}
    with tarfile.open(machine.folder / "saved.tar", "w") as tar:
        for name, data in {**content, "0": layers[0], "1": layers[1]}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    with serving() as registry:
        registry.add_image("base")
        home = Repository(f"{registry.address}/team/app")
        name = f"{registry.address}/team/base:base"
        registry.put("tools", b"{}")
        tools = f"{registry.address}/team/tools:tools"
        text = f"FROM {tools} AS tools\nFROM {name} AS dev-base\nCOPY --from=tools /x /x\n"
        (tmp_path / "Dockerfile").write_text(text)
        settings = Settings(dockerfile=Path("Dockerfile"))
        store = BlobStore(tmp_path / "store")
        recipe = Recipe(tmp_path, settings, {"A": "1"}, {}, store)

        def find(**more: Any) -> Any:
            return bases.find(
                recipe,
                "dev",
                "linux-64",
                registries=[home],
                prefix="/opt/env",
                cache="c/d:e",
                **more,
            )

        base, is_new = find()
        assert is_new
        assert base.config == config
        assert [held.source and held.source.name for held in base.layers] == [
            f"{registry.address}/team/base", None,
        ]  # fmt: skip
        pinned = f"{registry.address}/team/base@{digest_of(registry.manifests['base'])}"
        build = next(words for words in machine.asked if "build" in words)
        assert f"--build-context={name}=docker-image://{pinned}" in build
        assert "--build-arg=A=1" in build
        assert "--cache-from=type=registry,ref=c/d:e" in build
        assert build[build.index("--target") + 1] == "dev-base"
        assert build[build.index("--platform") + 1] == "linux/amd64"
        assert build[build.index("--file") + 1] == str(tmp_path / "Dockerfile")
        assert machine.asked[-1] == ["docker", "image", "rm", build[build.index("--tag") + 1]]
        count = len(machine.asked)
        again, is_new = find()
        assert (is_new, len(machine.asked)) == (True, count)
        assert [held.layer for held in again.layers] == [held.layer for held in base.layers]
        assert again.annotations == base.annotations == recipe.origins("dev")[0].annotations
        assert again.annotations
