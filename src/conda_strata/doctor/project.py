"""The repository: environment files, lock and git."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from conda_strata.core.errors import StrataError, WrongPlatformError
from conda_strata.doctor.finding import Finding, of_error, ok, problem, warning
from conda_strata.lock import check, lockfile
from conda_strata.lock.model import Lock
from conda_strata.spec import manifest as manifests
from conda_strata.spec import project
from conda_strata.spec.manifest import DEFAULT, Manifest

_SHOWN = 5


def manifest(files: Sequence[Path]) -> tuple[Manifest | None, Finding]:
    """Look at the environment files, and return what they say if they can be read."""
    try:
        found = manifests.load(list(files) or manifests.find(project.folder()))
    except StrataError as error:
        return None, of_error("environment", error)
    names = ", ".join(str(file) for file in found.files)
    return found, ok("environment", f"{names}: {', '.join(found.platforms)}")


def lock(path: Path) -> tuple[Lock | None, Finding]:
    """Look at the lock, and return it if it can be read."""
    try:
        found = lockfile.read(path)
    except StrataError as error:
        return None, of_error("lock", error)
    return found, ok("lock", f"{path}: {', '.join(found.environments)}")


def up_to_date(manifest: Manifest, lock: Lock) -> Finding:
    """Say whether the lock is up to date with the environment files."""
    problems = check.problems(manifest, lock, manifest.platforms)
    if not problems:
        return ok(
            "up to date", f"{lock.path} is up to date with {', '.join(map(str, manifest.files))}"
        )
    reasons = [str(found) for found in problems[:_SHOWN]]
    if more := len(problems) - len(reasons):
        reasons.append(f"and {more} more")
    return problem(
        "up to date",
        f"{lock.path} is out of date: {'; '.join(reasons)}",
        "Run 'strata lock' and commit it.",
    )


def platform(lock: Lock, subdir: str) -> Finding:
    """Say whether the lock has something for this machine."""
    try:
        count = len(lock.records(next(iter(lock.environments), DEFAULT), subdir))
    except WrongPlatformError as error:
        return of_error("platform", error)
    except StrataError as error:
        return of_error("lock", error)
    return ok("platform", f"{subdir}: {count} packages locked")


def git(lock: Path) -> Iterator[Finding]:
    """Say whether git keeps the lock, and shows it as a generated file."""
    folder = lock.absolute().parent
    try:
        inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    except OSError:
        yield warning("git", "git is not there", "Install git, to keep the lock's history.")
        return
    if inside.returncode != 0:
        yield warning("git", "this is no git repository", "Run 'git init' and commit the lock.")
        return
    if not lock.exists():
        yield ok("git", "a repository")
        return
    found = []
    if _git(folder, "check-ignore", "--quiet", lock.name).returncode == 0:
        found.append(
            warning("git", f"{lock} is ignored", "Take it out of .gitignore and commit it.")
        )
    elif _git(folder, "ls-files", "--error-unmatch", lock.name).returncode != 0:
        found.append(warning("git", f"{lock} is not tracked", f"Run 'git add {lock}'."))
    marked = _git(folder, "check-attr", "linguist-generated", lock.name).stdout.strip()
    if not marked.endswith((": set", ": true")):
        found.append(
            warning(
                "git",
                f"{lock} is not marked as generated, so that reviews show all of it",
                f"Add '{lock.name} linguist-generated' to .gitattributes.",
            )
        )
    yield from found or [ok("git", f"{lock} is tracked, and marked as generated")]


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False
    )
