"""``strata image``: one engine behind push, an OCI archive and the look-up."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from integration.registry.image_registry import add_base, document, files
from tests.conftest import HandMadeChannel, Strata, write_environment


@pytest.fixture
def home(registry: str, project: Path, channel: HandMadeChannel, strata: Strata) -> str:
    """Where the project's images live; its base image is in the same registry."""
    name = f"{registry}/{project.parent.name.replace('_', '-')}/app"
    add_base(registry, f"{name.partition('/')[2]}/base:1")
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nlicense = "MIT"\n\n'
        '[project.urls]\nSource = "https://example.org/app"\n\n'
        f'[tool.strata.image]\nname = "{name}"\nbase = "{name}/base:1"\n'
    )
    write_environment(project, channel, ["frames", "paths", "left", "right"])
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    assert strata("lock").returncode == 0
    return name


def push(strata: Strata, *words: str, **env: str) -> dict[str, dict[str, Any]]:
    done = strata("image", "push", *words, "--json", **env)
    assert done.returncode == 0, done.stderr
    return {one["target"]: one for one in json.loads(done.stdout)}


def index(archive: Path) -> dict[str, str]:
    """Return tag to digest of the images in an OCI archive; every blob is what it is called."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.startswith("blobs/"):
                handle = tar.extractfile(member)
                assert handle
                assert hashlib.sha256(handle.read()).hexdigest() == Path(member.name).name
        handle = tar.extractfile("index.json")
        assert handle
        said = json.load(handle)
    ref = "org.opencontainers.image.ref.name"
    return {one["annotations"][ref]: one["digest"] for one in said["manifests"]}


def test_push_then_digest_then_nothing(strata: Strata, home: str) -> None:
    missing = strata("image", "digest")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert f"dev: {home}:dev-" in missing.stderr
    done = strata("image", "push")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert list(lines) == ["dev", "runtime"]
    assert all(name.startswith(f"{home}@sha256:") for name in lines.values())
    assert strata("image", "digest").stdout == done.stdout
    again = strata("image", "push")
    assert (again.stdout, again.stderr.count("is there already")) == (done.stdout, 2)
    said = json.loads(strata("image", "digest", "--json").stdout)
    assert {one["target"]: one["image"] for one in said["images"]} == lines
    dev = files(lines["dev"])
    assert any("tool-1.0" in path for path in dev.together)
    assert "etc/profile.d/conda-strata.sh" in dev.together
    assert not any("tool-1.0" in path for path in files(lines["runtime"]).together)


def test_one_digest_wherever_it_is_made(
    strata: Strata, home: str, project: Path, tmp_path: Path
) -> None:
    """Pushed, archived, pushed elsewhere by a machine that has nothing: the same images."""
    first = {name: one["digest"] for name, one in push(strata).items()}
    assert strata("image", "build", "--output", "image.tar").returncode == 0
    assert index(project / "image.tar") == first
    other = {"RATTLER_CACHE_DIR": str(tmp_path / "cold"), "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    elsewhere = push(strata, "--registry", f"{home}-elsewhere", **other)
    assert {name: one["digest"] for name, one in elsewhere.items()} == first
    cold = {"RATTLER_CACHE_DIR": str(tmp_path / "colder"), "HOME": str(tmp_path / "nobody")}
    assert strata("image", "build", "--output", "cold.tar", **cold).returncode == 0
    assert index(project / "cold.tar") == first


def test_what_was_made_step_by_step_is_the_same_as_at_once(
    strata: Strata, home: str, project: Path, channel: HandMadeChannel, tmp_path: Path
) -> None:
    """With layers of older images, and packages that share files: no trace of the way."""
    write_environment(project, channel, ["paths"])
    assert strata("lock").returncode == 0
    push(strata)
    for specs in (["paths", "left"], ["paths", "left", "right"], ["right", "frames"]):
        write_environment(project, channel, specs)
        assert strata("lock").returncode == 0
        step = push(strata)
        cold = {"RATTLER_CACHE_DIR": str(tmp_path / "-".join(specs))}
        once = push(strata, "--registry", f"{home}-{'-'.join(specs)}", **cold)
        for target in ("dev", "runtime"):
            assert step[target]["digest"] == once[target]["digest"], specs


@pytest.mark.usefixtures("home")
def test_a_package_that_lay_in_another_layer_comes_back(
    strata: Strata, project: Path, channel: HandMadeChannel, tmp_path: Path
) -> None:
    """Two packages with one file share a layer; without the one, the other is still there."""
    write_environment(project, channel, ["left", "right"])
    (project / "environment-dev.yml").unlink()
    assert strata("lock").returncode == 0
    push(strata, "--target", "runtime")
    for specs in (["left"], ["right"]):
        write_environment(project, channel, specs)
        assert strata("lock").returncode == 0
        pushed = push(strata, RATTLER_CACHE_DIR=str(tmp_path / "empty"))
        held = files(pushed["runtime"]["image"]).together
        assert f"opt/env/conda-meta/{specs[0]}-1.0-h0_0.json" in held
        assert f"opt/env/share/{specs[0]}.txt" in held


def test_elsewhere_from_the_published_image(strata: Strata, home: str, tmp_path: Path) -> None:
    """As CI does it for a pull request of a fork: no layer is made again, no package fetched."""
    first = push(strata)
    cold = {"RATTLER_CACHE_DIR": str(tmp_path / "empty")}
    copied = push(strata, "--registry", f"{home}-copy", "--reuse", home, **cold)
    assert [one["made"] for one in copied.values()] == [0, 0]
    assert copied["dev"]["digest"] == first["dev"]["digest"]
    assert not (tmp_path / "empty" / "pkgs").exists()


def test_nothing_tells_of_the_place(strata: Strata, home: str) -> None:
    pushed = push(strata, "--target", "runtime")["runtime"]
    host, _, name = home.partition("/")
    manifest = document(f"http://{host}/v2/{name}/manifests/{pushed['digest']}")
    config = document(f"http://{host}/v2/{name}/blobs/{manifest['config']['digest']}")
    assert [one["created_by"] for one in config["history"]][:2] == [
        "base",
        "strata: activation of the environment",
    ]
    assert (
        "PATH=/opt/env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        in (config["config"]["Env"])
    )
    assert "CONDA_PREFIX=/opt/env" in config["config"]["Env"]
    labels = {
        "org.opencontainers.image.title": "app",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": "https://example.org/app",
    }
    assert labels.items() <= config["config"]["Labels"].items()
    assert labels.items() <= manifest["annotations"].items()
    # The base's name is what the project says, so here it names this registry.
    said = json.dumps([manifest, config]).replace(f"{home}/base:1", "")
    assert host not in said
    assert manifest["annotations"]["org.opencontainers.image.base.name"] == f"{home}/base:1"


@pytest.mark.usefixtures("home")
def test_an_interrupted_push_goes_on(strata: Strata, project: Path, tmp_path: Path) -> None:
    """What was made is kept: the channel can be gone when it is repeated."""
    refused = strata("image", "push", "--registry", "127.0.0.1:1/team/app")
    assert refused.returncode == 6
    assert "Traceback" not in refused.stderr
    assert strata("image", "build", "--output", "image.tar").returncode == 0
    shutil.rmtree(tmp_path / "cache" / "pkgs")
    again = strata("image", "build", "--output", "again.tar")
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("0 layers made") == 2
    assert (project / "again.tar").read_bytes() == (project / "image.tar").read_bytes()


@pytest.mark.usefixtures("home")
def test_a_damaged_layer_of_this_machine_is_made_again(
    strata: Strata, project: Path, tmp_path: Path
) -> None:
    assert strata("image", "build", "--output", "image.tar").returncode == 0
    blobs = tmp_path / "cache" / "strata-images" / "blobs" / "sha256"
    for blob in blobs.iterdir():
        blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    assert strata("image", "build", "--output", "again.tar").returncode == 0
    assert index(project / "again.tar") == index(project / "image.tar")


@pytest.mark.usefixtures("home")
def test_without_a_lock_it_is_solved_now(strata: Strata, project: Path) -> None:
    (project / "strata.lock").unlink()
    done = strata("image", "build", "--output", "image.tar")
    assert done.returncode == 0, done.stderr
    assert "run 'strata lock' and commit strata.lock" in done.stderr
    assert not (project / "strata.lock").exists()


@pytest.mark.parametrize(
    ("text", "words", "code", "said"),
    [
        (
            'nmae = "x"',
            [],
            3,
            "pyproject.toml:6: 'nmae' is no setting of images\n  Did you mean 'name'",
        ),
        ('name = "ghcr.io/Me/app"', [], 3, "pyproject.toml:6: 'ghcr.io/Me/app' has upper-case"),
        ("", [], 2, "pyproject.toml does not name the images\n  Write name = "),
        ('name = "a.b/c"', ["--registry", "a.b/C"], 2, "Write 'a.b/c'"),
        ('compression = "xz"', [], 3, "pyproject.toml:6: 'xz' is no compression"),
        ('platforms = ["osx-64"]', [], 3, "pyproject.toml:6: there are no images for osx-64"),
        ('size-limit = "big"', [], 3, "pyproject.toml:6: 'big' is no size"),
        ('dockerfile = "None"', [], 3, "pyproject.toml:6: None does not exist"),
        ('targets = { dev = "gpu" }', [], 2, "'gpu', which the lock does not have"),
        ("base = ", [], 3, "pyproject.toml:6: not TOML"),
        ('name = "HOST/a"', ["--target", "rutime"], 2, "'rutime' is no image of this project"),
    ],
)
def test_mistakes_are_told(
    strata: Strata, home: str, project: Path, text: str, words: list[str], code: int, said: str
) -> None:
    text = text.replace("HOST", home.partition("/")[0]).replace("HOME", home)
    base = "" if "base" in text or "dockerfile" in text else f'\nbase = "{home}/base:1"'
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "app"\n\n# Images.\n[tool.strata.image]\n{text}{base}\n'
    )
    refused = strata("image", "push", *words)
    assert said in refused.stderr
    assert refused.returncode == code
    assert "Traceback" not in refused.stderr


@pytest.mark.usefixtures("home")
def test_a_base_without_the_platform(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    file = write_environment(project, channel, ["left"])
    (project / "environment-dev.yml").unlink()
    file.write_text(file.read_text().replace("[linux-64]", "[linux-64, linux-aarch64]"))
    channel.add("left", "1.0", subdir="linux-aarch64")
    channel.index()
    assert strata("lock").returncode == 0
    refused = strata("image", "push", "--platform", "linux/arm64")
    assert refused.returncode == 6
    assert "is not there for linux-aarch64" in refused.stderr


@pytest.mark.usefixtures("home")
def test_without_docker_it_is_said_what_works(strata: Strata, tmp_path: Path) -> None:
    """PATH names no folder with Docker in it."""
    (tmp_path / "bin").mkdir()
    refused = strata("image", "build", PATH=str(tmp_path / "bin"))
    assert refused.returncode == 1
    assert "docker is not installed" in refused.stderr
    assert "--output image.tar" in refused.stderr


def test_a_repository_with_only_an_environment_yml(
    strata: Strata, registry: str, project: Path, channel: HandMadeChannel
) -> None:
    """On the default base, which has a stand-in here; and it is said what to write to keep it."""
    name = f"{project.parent.name.replace('_', '-')}/debian:1"
    stand_in = f"debian:trixie-slim=docker-image://{add_base(registry, name)}"
    write_environment(project, channel, ["paths"])
    words = ("image", "build", "--output", "image.tar", "--build-context", stand_in)
    done = strata(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "runtime=project:runtime\n"
    assert "write strata.toml:\n  [image]\n  name = " in done.stderr
    first = index(project / "image.tar")
    assert list(first) == ["runtime"]
    (project / "strata.toml").write_text('[image]\nname = "ghcr.io/me/project"\n')
    assert strata("lock").returncode == 0
    kept = strata(*words)
    assert (kept.returncode, kept.stdout) == (0, "runtime=ghcr.io/me/project:runtime\n")
    assert "strata.toml" not in kept.stderr
    assert index(project / "image.tar") == first
