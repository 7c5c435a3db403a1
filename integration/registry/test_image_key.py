"""The content key of images: each input changes it, and nothing else does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.registry.image_registry import add_base
from tests.conftest import HandMadeChannel, Strata, write_environment

DOCKERFILE = """\
ARG VERSION=1
FROM scratch AS extra
FROM {base} AS runtime-base
COPY apt.tx[t] tools/ /srv/
RUN echo $VERSION
FROM {base} AS dev-base
COPY --from={other} /a /a
FROM {unrelated} AS env
COPY strata.lock ./
"""
SETTINGS = '# Images.\n[tool.strata.image]\nname = "{home}"\nplatforms = ["linux/amd64"]\n'

Change = Callable[["Checkout"], None]


class Checkout:
    """A project with a Dockerfile, and the registry with the images that it names."""

    def __init__(
        self, folder: Path, address: str, strata: Strata, channel: HandMadeChannel
    ) -> None:
        self.folder, self.address, self.strata, self.channel = folder, address, strata, channel
        self.path = folder.parent.name.replace("_", "-")
        self.words: list[str] = []
        self.environment(["frames", "paths"], "environment.yml")
        self.environment(["tool"], "environment-dev.yml")
        self.write("pyproject.toml", SETTINGS.format(home=f"{address}/{self.path}/app"))
        names = {name: self.image(name) for name in ("base", "other", "unrelated")}
        self.write(".devcontainer/Dockerfile", DOCKERFILE.format(**names))
        self.write("tools/run.sh", "echo\n")
        self.write("context/file.txt", "1\n")

    def environment(self, specs: list[str], name: str) -> None:
        write_environment(self.folder, self.channel, specs, name)
        assert self.strata("lock").returncode == 0

    def image(self, name: str, *architectures: str) -> str:
        more = architectures or ("amd64",)
        return add_base(self.address, f"{self.path}/{name}:1", more)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))

    def key(self) -> str:
        done = self.strata("image", "digest", "--json", *self.words)
        assert done.returncode == 1, done.stderr
        return str(json.loads(done.stdout)["key"])


@pytest.fixture
def checkout(registry: str, project: Path, strata: Strata, channel: HandMadeChannel) -> Checkout:
    return Checkout(project, registry, strata, channel)


def setting(line: str) -> Change:
    return lambda c: c.replace(
        "pyproject.toml", "[tool.strata.image]\n", f"[tool.strata.image]\n{line}\n"
    )


def variable(name: str) -> Change:
    return lambda c: c.write(name, (c.folder / name).read_text() + "variables:\n  A: b\n")


def words(*more: str) -> Change:
    return lambda c: c.words.extend(more)


INPUTS: dict[str, Change] = {
    "a package of default": lambda c: c.environment(["frames", "left"], "environment.yml"),
    "a package of dev": lambda c: c.environment(["tool", "right"], "environment-dev.yml"),
    "a version": lambda c: c.environment(["frames", "paths", "numbers =1"], "environment.yml"),
    "a variable of default": variable("environment.yml"),
    "a variable of dev": variable("environment-dev.yml"),
    "the Dockerfile": lambda c: c.replace(".devcontainer/Dockerfile", "RUN echo", "RUN  echo"),
    "a file that it copies": lambda c: c.write("tools/run.sh", "echo 2\n"),
    "the right to run it": lambda c: (c.folder / "tools/run.sh").chmod(0o755),
    "one more of them": lambda c: c.write("tools/more.sh", "echo\n"),
    "apt.txt": lambda c: c.write("apt.txt", "cowsay\n"),
    "the image below": lambda c: void(c.image("base", "arm64", "amd64")),
    "an image that it copies from": lambda c: void(c.image("other", "arm64", "amd64")),
    "a build argument": words("--build-arg", "VERSION=2"),
    "a build context": words("--build-context", "extra=context"),
    "compression": setting('compression = "gzip"'),
    "slim": setting("slim = true"),
    "targets": setting('targets = { dev = "dev" }'),
    "other targets": setting('targets = { dev = "dev", runtime = "dev" }'),
    "title": lambda c: c.write(
        "pyproject.toml", '[project]\nname = "x"\n' + (c.folder / "pyproject.toml").read_text()
    ),
}
OTHERS: dict[str, Change] = {
    "a comment in the settings": lambda c: c.replace("pyproject.toml", "# Images.", "# My images."),
    "another table": lambda c: c.write(
        "pyproject.toml",
        (c.folder / "pyproject.toml").read_text() + "[tool.ruff]\nline-length = 9\n",
    ),
    "the version of the project": lambda c: c.write(
        "pyproject.toml", '[project]\nversion = "2"\n' + (c.folder / "pyproject.toml").read_text()
    ),
    "the size limit": setting('size-limit = "1GB"'),
    "defaults, written out": setting('compression = "zstd"\nslim = false'),
    "code": lambda c: c.write("src/code.py", "x = 1\n"),
    "a comment in environment.yml": lambda c: c.write(
        "environment.yml", "# Note.\n" + (c.folder / "environment.yml").read_text()
    ),
    "an image of another stage": lambda c: void(c.image("unrelated", "arm64", "amd64")),
    "an editor's settings": lambda c: c.write(".devcontainer/devcontainer.json", "{}"),
    "the registry": words("--registry", "127.0.0.1:1/elsewhere"),
    "where layers come from": words("--reuse", "127.0.0.1:1/elsewhere"),
    "the same platform in other words": words("--platform", "linux-64"),
}


def void(_: object) -> None:
    """Return nothing, for a table of changes."""


@pytest.mark.parametrize("change", INPUTS.values(), ids=INPUTS)
def test_each_input_changes_it(checkout: Checkout, change: Change) -> None:
    before = checkout.key()
    change(checkout)
    assert checkout.key() != before


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_nothing_else_does(checkout: Checkout, change: Change) -> None:
    before = checkout.key()
    change(checkout)
    if "--registry" in checkout.words:
        # There is no such registry: what it was asked for is in the refusal.
        refused = checkout.strata("image", "digest", "-v", *checkout.words)
        found = re.search(r"manifests/dev-([0-9a-f]{16})", refused.stderr)
        assert found
        assert found[1] == before
    else:
        assert checkout.key() == before


def test_a_context_that_is_a_path_is_its_content(checkout: Checkout, tmp_path: Path) -> None:
    """Another machine has it elsewhere."""
    keys = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.txt").write_text("1\n")
        checkout.words = ["--build-context", f"extra={tmp_path / name}"]
        keys.append(checkout.key())
    assert keys[0] == keys[1]


def test_a_base_in_another_registry_is_the_same(checkout: Checkout) -> None:
    """A mirror: the Dockerfile's name, with the same digest."""
    before = checkout.key()
    name = f"{checkout.address}/{checkout.path}/base:1"
    mirror = checkout.image("mirror")
    checkout.words = ["--build-context", f"{name}=docker-image://{mirror}"]
    assert checkout.key() == before
