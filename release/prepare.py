"""The steps of a release on the maintainer's machine, in their order; nothing is pushed."""

from __future__ import annotations

import datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version

from release import changelog, distributions, git, pins
from release.errors import RefusedError


def prepare(folder: Path, version: str, day: datetime.date) -> None:
    """Commit and tag *version* in *folder*, and build and check its files into ``dist``.

    Raises
    ------
    RefusedError
        When something has to be put right first. Everything is as before then.
    """
    _require_ready(folder, version)
    log = folder / "CHANGELOG.md"
    text = changelog.released(log.read_text("utf-8"), version, day)
    before, tag = git.call(folder, "rev-parse", "HEAD"), f"v{version}"
    try:
        log.write_text(text, "utf-8")
        changed = [log.name, *pins.name_the_tool(folder, version)]
        changed += pins.name_the_citation(folder, version, day)
        git.commit(folder, f"Release {version}", changed)
        git.call(folder, "tag", "--annotate", f"--message=Version {version}", tag)
        distributions.build(folder, folder / "dist", version)
        released = git.call(folder, "rev-parse", "HEAD")
        if later := pins.name_the_workflows(folder, version, released):
            git.commit(folder, f"Template: the workflows of {version}", later)
    except BaseException:
        if tag in git.call(folder, "tag", "--list", tag):
            git.call(folder, "tag", "--delete", tag)
        git.call(folder, "reset", "--quiet", "--hard", before)
        raise


def _require_ready(folder: Path, version: str) -> None:
    try:
        new = Version(version)
    except InvalidVersion:
        new = None
    if new is None or str(new) != version or new.local or new.is_devrelease:
        raise RefusedError(f"'{version}' is no version to release; write it like 0.1.0")
    known = git.versions(folder)
    if known and new <= known[-1]:
        raise RefusedError(f"{version} is not newer than {known[-1]}, which has a tag")
    if changes := git.call(folder, "status", "--porcelain"):
        raise RefusedError(f"there are changes that are not committed:\n{changes}")
    page = Path("docs/migrations", f"{version}.md")
    if not new.is_prerelease and not (folder / page).is_file():
        raise RefusedError(f"there is no {page.as_posix()}, which says what an update asks for")
    if (branch := git.call(folder, "branch", "--show-current")) != "main":
        raise RefusedError(f"this is the branch '{branch}'; releases are made on main")
