"""``conda-lock.yml``, version 1: all platforms of an environment, for conda-lock and micromamba.

The format is described by https://schemas.conda.org/conda-lock-v1.schema.json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from rattler import RepoDataRecord

from conda_strata.core.errors import LockError
from conda_strata.lock.model import Lock, identity
from conda_strata.pypi.wheel import Wheel
from conda_strata.report.export import in_order, public_url
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import DEFAULT

_MAIN = "main"
"""What conda-lock calls the category that is always installed."""

_HEADER = """\
# Made by 'strata export --format conda-lock': change environment.yml, run 'strata lock' and
# export again. To install it:
#   conda-lock install --name NAME THIS_FILE
#   micromamba create --name NAME --file THIS_FILE
"""

_Entry = dict[str, object]


def render(lock: Lock, environment: str, subdirs: Sequence[str]) -> str:
    """Return the file for *environment* on *subdirs*. The same lock gives the same bytes.

    All is of the category ``main``: some consumers know no other, and the rest install no other
    unless they are told to.

    Raises
    ------
    UsageError
        When the lock has no such environment.
    WrongPlatformError
        When the lock does not cover a platform.
    LockError
        When a conda package has no MD5, without which the format cannot hold it.
    """
    packages: list[_Entry] = []
    hashes: dict[str, str] = {}
    for subdir in subdirs:
        found = list(_packages(lock, environment, subdir))
        packages += found
        hashes[subdir] = _content_hash(found)
    metadata = {
        "content_hash": hashes,
        "channels": [{"url": public_url(url), "used_env_vars": []} for url in lock.channels],
        "platforms": list(subdirs),
        "sources": _sources(environment),
    }
    body = {"version": 1, "metadata": metadata, "package": packages}
    # libyaml's dumper is several times as fast, but not every PyYAML is built with it.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return _HEADER + str(yaml.dump(body, Dumper=dumper, sort_keys=False, allow_unicode=True))


def _packages(lock: Lock, environment: str, subdir: str) -> Iterator[_Entry]:
    records = in_order(lock.records(environment, subdir))
    wheels = lock.wheels_of(environment, subdir)
    for record in records:
        if not record.md5:
            raise LockError(
                f"{lock.path}: {identity(record)} on {subdir} has no MD5, and conda-lock.yml "
                "cannot hold a conda package without one",
                "Use '--format explicit', or take the package from a channel that has MD5 sums.",
            )
        hashes = {"md5": record.md5.hex()}
        if record.sha256:
            hashes["sha256"] = record.sha256.hex()
        yield {
            "name": record.name.normalized,
            "version": str(record.version),
            "manager": "conda",
            "platform": subdir,
            "dependencies": _dependencies(record),
            "url": public_url(record.url),
            "hash": hashes,
            "category": _MAIN,
            "optional": False,
        }
    for wheel in wheels:
        yield {
            "name": wheel.name,
            "version": wheel.version,
            "manager": "pip",
            "platform": subdir,
            "dependencies": _requirements(wheel, wheels),
            "url": public_url(wheel.url),
            "hash": {"sha256": wheel.sha256} if wheel.sha256 else {},
            "category": _MAIN,
            "optional": False,
        }


def _dependencies(record: RepoDataRecord) -> dict[str, str]:
    """Return name to constraint: one, where a package names a dependency several times."""
    found: dict[str, list[str]] = {}
    for spec in record.depends:
        name = package_name(spec)
        if name != record.name.normalized:
            constraint = spec.strip().rpartition("::")[2][len(name) :].strip()
            found.setdefault(name, []).extend([constraint] if constraint else [])
    return {name: ",".join(dict.fromkeys(found[name])) for name in sorted(found)}


def _requirements(wheel: Wheel, wheels: Iterable[Wheel]) -> dict[str, str]:
    """Return the wheels that *wheel* requires; locks list names or whole requirements."""
    present = {other.name for other in wheels}
    found: dict[str, str] = {}
    for text in wheel.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if (name := canonicalize_name(requirement.name)) in present and name != wheel.name:
            found[name] = str(requirement.specifier) or "*"
    return dict(sorted(found.items()))


def _content_hash(packages: Sequence[_Entry]) -> str:
    lines = [f"{package['url']} {package['hash']}\n" for package in packages]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sources(environment: str) -> list[str]:
    own = [] if environment == DEFAULT else [f"environment-{environment}.yml"]
    return ["environment.yml", *own]
