"""A repository on GitHub, asked by GitHub's own program ``gh``, which keeps the person's login."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECONDS = 15
"""How long each answer may take."""

_NO_LOGIN = 4  # See 'gh help exit-codes'.
_REMOTE = re.compile(r"(?:[\w+]+://)?(?:[^@/]*@)?([^/:]+)(?::\d+)?[:/]+([^/]+/[^/]+?)(?:\.git)?/?")


class UnansweredError(Exception):
    """GitHub did not say what it was asked for."""


class LoginError(UnansweredError):
    """It cannot be asked at all without gh and a login."""


@dataclass(frozen=True)
class Repository:
    """A repository as GitHub knows it.

    Attributes
    ----------
    host
        Where it is: github.com, or an organisation's own GitHub.
    name
        Its owner and its name.
    """

    host: str
    name: str

    def ask(self, path: str, jq: str) -> list[str]:
        """Return the lines that jq makes of what GitHub's API answers."""
        command = ["gh", "api", "--hostname", self.host, "--paginate", "--jq", jq]
        try:
            done = subprocess.run(
                [*command, f"repos/{self.name}{path}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=SECONDS,
            )
        except FileNotFoundError as error:
            raise LoginError("gh is not there") from error
        except subprocess.TimeoutExpired as error:
            raise UnansweredError(f"no answer in {SECONDS} s") from error
        except OSError as error:
            raise UnansweredError(f"gh does not run: {error.strerror}") from error
        if done.returncode == 0:
            return done.stdout.splitlines()
        said = next(iter(done.stderr.strip().splitlines()), f"exit code {done.returncode}")
        if done.returncode == _NO_LOGIN:
            raise LoginError(f"gh is not logged in to {self.host}")
        if "HTTP 401" in done.stderr:
            raise LoginError(f"gh is not logged in to {self.host}: {said}")
        raise UnansweredError(said)

    def names(self, what: str) -> set[str]:
        """Return the names of its variables or secrets, with the organisation's for it."""
        jq = f".{what}[].name"
        found = set(self.ask(f"/actions/{what}?per_page=100", jq))
        try:
            found.update(self.ask(f"/actions/organization-{what}?per_page=30", jq))
        except UnansweredError:
            # A person's repository has no organisation, and a login may not see one's names.
            return found
        return found


def origin(folder: Path) -> Repository | None:
    """Return the repository on GitHub that git's origin is; None when it is elsewhere."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "remote", "get-url", "origin"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    found = _REMOTE.fullmatch(done.stdout.strip())
    if not found:
        return None
    # The one other name that GitHub has, for networks without port 22.
    server = found[1].lower().replace("ssh.github.com", "github.com")
    github = server in {"github.com", os.environ.get("GH_HOST", "").lower()}
    return Repository(server, found[2]) if github else None
