"""Which of a release's wheels is locked for a platform."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from packaging.markers import Environment, default_environment
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from conda_strata.core import urls
from conda_strata.core.errors import UnsatisfiableError
from conda_strata.pypi.wheel import Wheel
from conda_strata.pypi.wheel_tags import Target

_OTHER = "Ask for another version, or take the package from conda."


def chosen(
    target: Target, packages: Sequence[Mapping[str, Any]], built: Collection[str] = ()
) -> list[Wheel]:
    """Return the wheels that fit best, one for each of *packages* of a ``pylock.toml`` (PEP 751).

    Of the packages called *built*, it is their sources.

    Raises
    ------
    UnsatisfiableError
        When none fits a package, or the one that does has no SHA-256.
    """
    content = {"lock-version": "1.0", "created-by": "strata", "packages": list(packages)}
    environment = {**default_environment(), "python_full_version": target.python}
    try:
        lock = Pylock.from_dict(content)
        found = list(
            lock.select(environment=cast("Environment", environment), tags=list(target.tags()))
        )
    except (PylockSelectError, PylockValidationError) as error:
        raise UnsatisfiableError(
            f"no wheels for Python {target.python} on {target.subdir}: {error}", _OTHER
        ) from error
    return [
        _sources(package, file) if package.name in built else _wheel(target, package, file)
        for package, file in found
    ]


def _wheel(target: Target, package: Package, file: object) -> Wheel:
    if isinstance(file, PackageWheel | PackageArchive) and file.url and "sha256" in file.hashes:
        wheel = Wheel(package.name, "", urls.without_credentials(file.url), file.hashes["sha256"])
        try:
            _, version, _, fitting = parse_wheel_filename(wheel.file_name)
        except InvalidWheelFilename:
            fitting = frozenset()
        if not fitting.isdisjoint(target.tags()):
            return wheel._replace(version=str(version))
    raise UnsatisfiableError(
        f"{package.name} {package.version or ''} has no wheel with a SHA-256 for Python "
        f"{target.python} on {target.subdir}",
        _OTHER,
    )


def _sources(package: Package, file: object) -> Wheel:
    if isinstance(file, PackageSdist | PackageArchive) and file.url and "sha256" in file.hashes:
        place = urls.without_credentials(file.url)
        if package.version:
            return Wheel(package.name, str(package.version), place, file.hashes["sha256"])
    raise UnsatisfiableError(
        f"{package.name} {package.version or ''} of 'build:' has no source distribution with a "
        "SHA-256",
        "Take it out of 'build:', or ask for another version.",
    )
