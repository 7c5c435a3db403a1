"""Docker or Podman on this machine: what builds a base image, and what an image is put into."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conda_strata.core.errors import StrataError
from conda_strata.core.log import logger

_log = logger(__name__)

BUILDX = (
    "Install Docker's package docker-buildx-plugin, or Debian 13's docker-buildx; "
    "Docker Desktop has it."
)
"""What to do where Docker has no buildx: it is a package of its own in Linux distributions."""

_SECONDS = 30
"""How long a daemon may take to say that it is there."""


@dataclass(frozen=True)
class Local:
    """A program that has images.

    Attributes
    ----------
    program
        ``docker`` or ``podman``.
    """

    program: str

    @property
    def title(self) -> str:
        """Its name."""
        return self.program.title()

    def build(
        self,
        dockerfile: Path,
        stage: str,
        platform: str,
        *,
        arguments: Mapping[str, str],
        contexts: Mapping[str, str],
        cache: str,
    ) -> str:
        """Build a stage of a Dockerfile and return the name that it has here for now.

        What the builder says goes to stderr, as it says it.

        Raises
        ------
        StrataError
            When it fails.
        """
        name = f"strata-base:{secrets.token_hex(8)}"
        command = [self.program]
        if self.program == "docker":
            if not self._run("buildx", "version", check=False):
                # Docker would say that it does not know the options, and print its help.
                raise StrataError("docker has no buildx, so it cannot build a base image", BUILDX)
            command += ["buildx", "build", "--load", "--provenance=false", "--cache-to=type=inline"]
            command += [f"--cache-from=type=registry,ref={cache}"] if cache else []
        else:
            command += ["build"]
        command += ["--file", str(dockerfile), "--target", stage, "--platform", platform]
        command += [f"--build-arg={key}={value}" for key, value in arguments.items()]
        command += [f"--build-context={key}={value}" for key, value in contexts.items()]
        command += ["--tag", name, "."]
        _log.info("%s", " ".join(command))
        try:
            code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
        except OSError as error:
            raise _gone(self.program, error) from error
        if code:
            raise StrataError(
                f"{dockerfile}: the stage {stage!r} could not be built for {platform}",
                f"{self.title} says above what failed.",
            )
        return name

    def save(self, name: str, file: Path) -> None:
        """Write an image of this machine to an archive."""
        self._run("image", "save", "--output", str(file), name)

    def remove(self, name: str) -> None:
        """Take a name away, and the image with it if it has no other."""
        self._run("image", "rm", name, check=False)

    def load(self, file: Path) -> None:
        """Take in the images of an archive, with the names that it gives them."""
        self._run("image", "load", "--input", str(file))

    def pull(self, reference: str) -> bool:
        """Pull from a registry of this machine; tell whether that worked."""
        plain = ["--tls-verify=false"] if self.program == "podman" else []
        return self._run("pull", "--quiet", *plain, reference, check=False)

    def tag(self, reference: str, name: str) -> None:
        """Give an image of this machine a name."""
        self._run("image", "tag", reference, name)

    def _run(self, *words: str, check: bool = True) -> bool:
        command = [self.program, *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise _gone(self.program, error) from error
        said = " ".join(done.stderr.split()[-60:])
        if done.returncode and check:
            raise StrataError(
                f"{' '.join(command[:3])} failed: {said}",
                f"Check that {self.title} works and that its disk has room, then repeat.",
            )
        if said:
            _log.debug("%s: %s", " ".join(command[:3]), said)
        return done.returncode == 0


def find() -> Local:
    """Return Docker, else Podman.

    Raises
    ------
    StrataError
        When neither answers.
    """
    reasons = []
    for program in ("docker", "podman"):
        try:
            done = subprocess.run(
                [program, "info"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        except FileNotFoundError:
            reasons.append(f"{program} is not installed")
            continue
        except (OSError, subprocess.TimeoutExpired):
            reasons.append(f"{program} does not answer")
            continue
        if done.returncode == 0:
            return Local(program)
        said = (done.stderr.strip().splitlines() or [""])[-1]
        reasons.append(f"{program} does not answer ({said})")
    raise StrataError(
        f"neither Docker nor Podman: {'; '.join(reasons)}",
        "Start or install one. Without it, 'strata image build --output image.tar' and 'strata image "
        "push' work where the base image is in the registry, or 'base' in the settings names one.",
    )


@contextmanager
def removed(local: Local, name: str) -> Iterator[None]:
    """Take a name away at the end."""
    try:
        yield
    finally:
        local.remove(name)


def _gone(program: str, error: OSError) -> StrataError:
    return StrataError(f"{program} does not run: {error.strerror}", "Install or start it.")
