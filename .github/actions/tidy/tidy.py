"""Delete what nobody needs of a project's images on ghcr.io, and say what and why.

The project is the current folder; its ``pyproject.toml`` names the images.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from answers import AnswerError
from needed import Rules, Version, needed
from package import Package

HOST = "ghcr.io"
LEAST_DAYS = 7
MOST_DELETED = 200
"""Versions in one run, of two requests each: GitHub allows 1,000 an hour. The next run goes on."""

_REFUSED = {400, 422}
"""GitHub's answers for versions that it keeps, those with more than 5,000 downloads among them."""


class UsageError(Exception):
    """What is wrong with what was asked for."""


def images(folder: Path) -> tuple[str, list[str]]:
    """Return the name of a project's images in its registry, and what they are called."""
    settings = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    said = settings.get("tool", {}).get("strata", {}).get("image", {})
    targets = said.get("targets", ["dev", "runtime"])
    return str(said.get("name", "")), [str(target) for target in targets]


def tidy(package: Package, rules: Rules, *, dry_run: bool) -> int:
    """Delete what is not needed, say it, and return the exit code."""
    versions = package.versions()
    why = needed(versions, rules)
    # An index before its parts, so that none is ever without them.
    old = sorted((v for v in versions if v.digest not in why), key=lambda v: not v.children)
    deleted: list[Version] = []
    kept: list[Version] = []
    failure = ""
    for version in [] if dry_run else old[:MOST_DELETED]:
        try:
            package.delete(version)
        except AnswerError as error:
            if error.status not in _REFUSED:
                failure = str(error)
                break
            kept.append(version)
        else:
            deleted.append(version)
    print(f"\n### Images of {package.owner}/{package.name} on {HOST}\n")
    print("| versions | number |\n| --- | ---: |")
    for reason, number in sorted(Counter(r.partition(" ")[0] for r in why.values()).items()):
        print(f"| kept: {_REASONS[reason]} | {number:,} |")
    rest = len(old) - len(deleted) - len(kept)
    for what, number in (
        ("kept by GitHub, because of many downloads", len(kept)),
        ("deleted", len(deleted)),
        ("nobody needs, and a dry run keeps" if dry_run else "left for the next run", rest),
    ):
        if number:
            print(f"| {what} | {number:,} |")
    _list(old if dry_run else deleted)
    if failure:
        print(f"::error title=Tidying stopped::{failure}", file=sys.stderr)
    return bool(failure)


_REASONS = {
    "tag": "somebody gave them a tag",
    "young": "young",
    "attested": "attested, so somebody may verify them",
    "part": "one platform of an image that is kept",
    "attestation": "attestation of an image that is kept",
    "base": "what an image that is kept was built on",
}


def _list(versions: list[Version]) -> None:
    if versions:
        print("\n| digest | tags | since |\n| --- | --- | --- |")
    for version in versions[:MOST_DELETED]:
        tags = ", ".join(f"`{tag}`" for tag in version.tags[:3])
        print(f"| `{version.digest}` | {tags} | {version.changed:%Y-%m-%d} |")


def package_of(env: Mapping[str, str], name: str) -> Package | None:
    """Return the package of the images with this name; None if it is not the repository's owner's."""
    owner, _, rest = name.removeprefix(f"{HOST}/").partition("/")
    if owner != env["GITHUB_REPOSITORY"].partition("/")[0].lower() or not rest:
        return None
    return Package(owner, rest, env["TOKEN"], env["GITHUB_API_URL"], env["REGISTRY_URL"])


def rules_of(env: Mapping[str, str], targets: list[str]) -> Rules:
    """Return what is kept.

    Raises
    ------
    UsageError
        If that is less than a week.
    """
    days = int(env["DAYS"])
    if days < LEAST_DAYS:
        raise UsageError(f"{days} days are too few: name {LEAST_DAYS} or more")
    since = datetime.now(UTC) - timedelta(days=days)
    return Rules(targets, since, keep_attested=env["KEEP_ATTESTED"] != "false")


def main(env: Mapping[str, str]) -> int:
    """Tidy as the environment says; the answer is the exit code."""
    try:
        name, targets = images(Path())
        if not name.startswith(f"{HOST}/"):
            print(f"::notice::{name} is not on {HOST}: its registry has rules of its own")
            return 0
        rules = rules_of(env, targets)
        package = package_of(env, name)
        if package is None:
            print(
                f"::notice::{name} is not of the owner of {env['GITHUB_REPOSITORY']}: nothing is deleted"
            )
            return 0
        if not package.is_there():
            print(f"::notice::there is no package {name} yet, or this repository may not see it")
            return 0
        return tidy(package, rules, dry_run=env["DRY_RUN"] != "false")
    except (AnswerError, UsageError, OSError, ValueError) as error:
        print(f"::error title=Nothing is deleted::{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
