"""A person who is not root on the host: what containers write is theirs, and git works inside."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.images import devcontainer
from rig.machine import npm
from tests.conftest import git

from .conftest import Built

NAMED = 4321
"""The number of that person, where the tests run as root; neither the image nor the host knows it."""

AS_PERSON = """mount --bind "$0" /etc/passwd && group=$(stat -c %g /var/run/docker.sock) &&
exec setpriv --reuid={0} --regid={0} --groups="$group" "$@" """
COMMIT = (
    "echo more >> README.md; git status --short; git commit -qam Inside; git log --format=%an:%s"
)


@dataclass(frozen=True)
class Person:
    """A checkout, in a folder that its owner can reach."""

    number: int
    checkout: Path

    def run(self, *words: str) -> str:
        """Run a command in the checkout as this person, who may use Docker."""
        home = self.checkout.parent
        prefix: list[str] = []
        if os.getuid() == 0:
            known = home / "passwd"
            entry = f"person:x:{self.number}:{self.number}::{home}:/bin/sh\n"
            known.write_text(Path("/etc/passwd").read_text("utf-8") + entry)
            script = AS_PERSON.format(self.number)
            prefix = ["unshare", "--mount", "sh", "-c", script, os.fspath(known)]
        done = subprocess.run(
            [*prefix, *words],
            cwd=self.checkout,
            env=os.environ | {"HOME": os.fspath(home), "USER": "person"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def foreign(self) -> list[Path]:
        """Return the files that belong to somebody else."""
        return [p for p in self.checkout.rglob("*") if p.lstat().st_uid != self.number]


@pytest.fixture
def person(built: Built) -> Iterator[Person]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "checkout"
        shutil.copytree(built.project.folder, folder, ignore=shutil.ignore_patterns(".conda"))
        shutil.rmtree(folder / "reports", ignore_errors=True)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=Start")
        git(folder, "config", "user.name", "Person")
        git(folder, "config", "user.email", "person@example.org")
        number = os.getuid() or NAMED
        if number == NAMED:
            subprocess.run(["chown", "-R", f"{NAMED}:{NAMED}", temporary], check=True)
        yield Person(number, folder)


def readme(checkout: Path) -> list[str]:
    """Return the lines with which the README starts containers."""
    lines = (checkout / "README.md").read_text("utf-8").splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ docker run ")]


def test_what_the_readme_starts_writes_for_the_person(person: Person) -> None:
    tests, analysis, lab = readme(person.checkout)
    assert " passed" in person.run("sh", "-c", tests)
    person.run("sh", "-c", f"{analysis} python -m penguin_study --resamples=5")
    assert (person.checkout / "reports/report.html").exists()
    # The third line's options, which another test gives to JupyterLab, with git in its place.
    options = lab.removesuffix("strata lab").replace("-it -p 127.0.0.1:8888:8888", "")
    said = person.run("sh", "-c", f"{options} bash -c {shlex.quote(COMMIT)}")
    assert said.splitlines() == [" M README.md", "Person:Inside", "someone@example.org:Start"]
    assert person.foreign() == []


def test_git_works_in_the_dev_container(person: Person) -> None:
    """The devcontainer CLI gives the image's user the person's number."""
    cli = person.checkout.parent / "cli"
    shutil.copytree(npm.modules() / "@devcontainers/cli", cli)
    subprocess.run(["chmod", "--recursive", "a+rX", str(cli)], check=True)
    command = ["node", os.fspath(cli / "devcontainer.js")]
    workspace = f"--workspace-folder={person.checkout}"
    try:
        said = person.run(*command, "up", workspace)
        assert json.loads(said.strip().splitlines()[-1])["remoteUser"] == "scientist"
        said = person.run(*command, "exec", workspace, "bash", "-c", f"id -u; {COMMIT}")
        assert said.splitlines()[:3] == [str(person.number), " M README.md", "Person:Inside"]
        assert " passed" in person.run(*command, "exec", workspace, "pytest")
        assert person.foreign() == []
    finally:
        devcontainer.forget(person.checkout)
