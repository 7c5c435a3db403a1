"""``strata push`` into a real registry: what arrives there, and what is not made again."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from integration.registry.image_registry import add_base, add_no_image, document, files, serving
from tests.conftest import HandMadeChannel, Strata, write_environment


@pytest.fixture
def image(registry: str, project: Path, channel: HandMadeChannel) -> str:
    """A repository of the test's own, with a base image; the environment has two parts."""
    name = f"{registry}/{project.parent.name.replace('_', '-')}/app"
    add_base(registry, name.partition("/")[2] + ":base")
    write_environment(project, channel, ["frames", "paths", "left"])
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    return name


@pytest.fixture
def own_channel(channel: HandMadeChannel, tmp_path: Path) -> HandMadeChannel:
    """A channel that the test may change."""
    shutil.copytree(channel.folder, tmp_path / "channel")
    return HandMadeChannel(tmp_path / "channel")


def push(strata: Strata, image: str, *words: str, **env: str) -> dict[str, object]:
    done = strata("push", f"{image}:dev", "--base", f"{image}:base", *words, "--json", **env)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_image_holds_what_layers_writes(strata: Strata, image: str, project: Path) -> None:
    strata("lock")
    pushed = push(strata, image, "--env", "dev")
    strata("layers", "--env", "dev", "--out", "out")
    written = {
        path.relative_to(layer).as_posix(): path.read_bytes()
        for layer in (project / "out").iterdir()
        for path in layer.rglob("*")
        if not path.is_dir()
    }
    assert files(f"{image}@{pushed['digest']}").together == written
    assert files(f"{image}:dev").together == written


def test_settings_of_the_base_stay(strata: Strata, image: str) -> None:
    strata("lock")
    push(strata, image)
    host, _, name = image.partition("/")
    manifest = document(f"http://{host}/v2/{name}/manifests/dev")
    config = document(f"http://{host}/v2/{name}/blobs/{manifest['config']['digest']}")
    assert config["config"] == {"Env": ["A=B"], "Cmd": ["python"], "User": "1000"}
    assert manifest["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"


def test_nothing_new_is_nothing_made(
    strata: Strata, image: str, own_channel: HandMadeChannel, project: Path, tmp_path: Path
) -> None:
    """Not even a package is downloaded: the channel can be gone."""
    write_environment(project, own_channel, ["frames", "paths"])
    write_environment(project, own_channel, ["tool"], "environment-dev.yml")
    strata("lock")
    first = push(strata, image, "--env", "dev")
    shutil.rmtree(own_channel.folder)
    again = push(strata, image, "--env", "dev", RATTLER_CACHE_DIR=str(tmp_path / "empty"))
    assert again == first | {"made": 0, "kept": first["made"], "new_bytes": 0}
    runtime = push(strata, image, "--reuse", f"{image}:dev", RATTLER_CACHE_DIR=str(tmp_path / "e"))
    assert runtime["made"] == 0
    assert runtime["kept"] == int(str(first["made"])) - 1


def test_a_slim_image_uses_no_layer_that_is_not(strata: Strata, image: str) -> None:
    strata("lock")
    first = push(strata, image)
    slim = push(strata, image, "--slim")
    assert (slim["made"], slim["kept"]) == (first["made"], 0)
    assert push(strata, image, "--slim")["made"] == 0


def test_one_change_is_one_layer(
    strata: Strata, image: str, own_channel: HandMadeChannel, project: Path, tmp_path: Path
) -> None:
    """Only the changed package is fetched: the others are not in the channel any more."""
    write_environment(project, own_channel, ["frames", "paths"])
    (project / "environment-dev.yml").unlink()
    strata("lock")
    first = push(strata, image)
    before = files(f"{image}:dev")
    own_channel.add("paths", "2.0")
    own_channel.index()
    strata("lock", "--upgrade")
    for package in own_channel.folder.glob("*/*.tar.bz2"):
        if not package.name.startswith(("paths-2", "python-")):
            package.unlink()
    second = push(strata, image, RATTLER_CACHE_DIR=str(tmp_path / "empty"))
    assert (second["made"], second["kept"]) == (1, int(str(first["made"])) - 1)
    after = files(f"{image}:dev")
    assert len(set(after.digests) - set(before.digests)) == 1
    assert any("paths-2.0" in path for path in after.together)
    assert not any("paths-1.0" in path for path in after.together)


def test_what_was_kept_and_what_is_new_equal_a_push_from_scratch(
    strata: Strata, image: str, project: Path, channel: HandMadeChannel, tmp_path: Path
) -> None:
    """A new package that owns a file of a layer in the registry: both are made again, together."""
    strata("lock")
    push(strata, image)
    write_environment(project, channel, ["frames", "paths", "left", "right"])
    strata("lock")
    second = push(strata, image, RATTLER_CACHE_DIR=str(tmp_path / "empty"))
    assert int(str(second["kept"])) >= 3
    once = files(f"{image}:dev")
    from_scratch = image.replace("/app", "/other")
    host, _, name = from_scratch.partition("/")
    add_base(host, f"{name}:base")
    push(strata, from_scratch)
    assert files(f"{from_scratch}:dev").digests == once.digests
    assert any("__clobbers__" in path for path in once.together)


def test_two_platforms_without_emulation(
    strata: Strata, image: str, own_channel: HandMadeChannel, project: Path
) -> None:
    """The environment of the foreign platform is linked, not run."""
    python = {"bin/python3.11": "#!/bin/sh\necho arm\n", "lib/python3.11/os.py": "name = 2\n"}
    own_channel.add("python", "3.11.5", python, subdir="linux-aarch64")
    own_channel.add("numbers", "2.0", depends=["python"], subdir="linux-aarch64")
    own_channel.index()
    (project / "environment-dev.yml").unlink()
    file = write_environment(project, own_channel, ["frames"])
    file.write_text(file.read_text().replace("[linux-64]", "[linux-64, linux-aarch64]"))
    host, _, name = image.partition("/")
    add_base(host, f"{name}:base", ("amd64", "arm64"))
    assert strata("lock").returncode == 0
    pushed = push(strata, image, "--platform", "linux/amd64", "--platform", "linux/arm64")
    index = document(f"http://{host}/v2/{name}/manifests/dev")
    found = {m["platform"]["architecture"]: m["digest"] for m in index["manifests"]}
    assert sorted(found) == ["amd64", "arm64"]
    arm, intel = (files(f"{image}@{found[one]}").together for one in ("arm64", "amd64"))
    assert arm["opt/env/bin/python3.11"] == b"#!/bin/sh\necho arm\n"
    assert intel["opt/env/bin/python3.11"] == b"#!/bin/sh\necho python\n"
    again = push(strata, image, "--platform", "linux/amd64", "--platform", "linux/arm64")
    assert (again["digest"], again["made"]) == (pushed["digest"], 0)


def test_gzip_for_old_runtimes(strata: Strata, image: str) -> None:
    strata("lock")
    push(strata, image)
    zipped = push(strata, image, "--compression", "gzip")
    assert zipped["kept"] == 0
    host, _, name = image.partition("/")
    layers = document(f"http://{host}/v2/{name}/manifests/dev")["layers"]
    assert {layer["mediaType"].rpartition("+")[2] for layer in layers} == {"gzip"}
    assert files(f"{image}:dev").together


def test_a_login_is_asked_for_and_used(
    strata: Strata, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 'docker login' leaves it in Docker's configuration."""
    store = tmp_path / "private"
    store.mkdir()
    login = tmp_path / "docker"
    login.mkdir()
    strata("lock")
    with serving(store, login=True) as address:
        auth = base64.b64encode(b"scientist:secret").decode()
        (login / "config.json").write_text(json.dumps({"auths": {address: {"auth": auth}}}))
        image = f"{address}/team/app"
        refused = strata("push", f"{image}:dev", "--base", f"{image}:base")
        assert refused.returncode == 6
        assert f"docker login {address}" in refused.stderr
        assert "Traceback" not in refused.stderr
        monkeypatch.setenv("DOCKER_CONFIG", str(login))
        add_base(address, "team/app:base")
        assert push(strata, image)["kept"] == 0
    assert (project / "strata.lock").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["HOST/app:dev", "--base", "HOST/no/such:base"],
            6,
            "no/such:base is not there for linux-64",
        ),
        (["HOST/app:dev", "--base", "127.0.0.1:1/app:base"], 6, "127.0.0.1:1/app"),
        (["NO SUCH/app:dev", "--base", "HOST/app:base"], 2, "'NO SUCH/app:dev' is no image"),
        (["HOST/app:dev", "--base", "HOST/app:base", "--prefix", "env"], 2, "--prefix is a path"),
    ],
)
def test_bad_input(
    strata: Strata, registry: str, words: list[str], code: int, said: str, image: str
) -> None:
    strata("lock")
    done = strata("push", *(word.replace("HOST", registry) for word in words))
    assert (done.returncode, done.stdout) == (code, ""), image
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_image_is_not_used_again(strata: Strata, image: str) -> None:
    """A spoiled cache costs a warm start; a spoiled base is told."""
    strata("lock")
    add_no_image(f"{image}:cache")
    done = strata("push", f"{image}:dev", "--base", f"{image}:base", "--reuse", f"{image}:cache")
    assert done.returncode == 0, done.stderr
    assert f"{image}:cache is no image, so nothing of it is used again" in done.stderr
    assert files(f"{image}:dev").together
    done = strata("push", f"{image}:dev", "--base", f"{image}:cache")
    assert done.returncode == 6
    assert f"{image}:cache is no image" in done.stderr


def test_a_failure_leaves_the_tag_as_it_was(
    strata: Strata, image: str, own_channel: HandMadeChannel, project: Path, tmp_path: Path
) -> None:
    write_environment(project, own_channel, ["frames"])
    (project / "environment-dev.yml").unlink()
    strata("lock")
    first = push(strata, image)
    write_environment(project, own_channel, ["frames", "paths"])
    strata("lock")
    (own_channel.folder / "linux-64" / "paths-1.0-h0_0.tar.bz2").unlink()
    cache = {"RATTLER_CACHE_DIR": str(tmp_path / "empty")}
    failed = strata("push", f"{image}:dev", "--base", f"{image}:base", **cache)
    assert failed.returncode == 6
    write_environment(project, own_channel, ["frames"])
    strata("lock")
    assert push(strata, image)["digest"] == first["digest"]
