"""Which of a release's wheels fits a platform, by the compatibility tags (PEP 425, PEP 600)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from packaging import tags
from packaging.markers import Environment, default_environment
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from conda_strata.core import urls
from conda_strata.core.errors import UnsatisfiableError
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.virtual_packages import VirtualPackages

_MACHINES = {
    "linux-64": "x86_64",
    "linux-aarch64": "aarch64",
    "osx-64": "x86_64",
    "osx-arm64": "arm64",
    "win-64": "x86_64",
}
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_OTHER = "Ask for another version, or take the package from conda."


@dataclass(frozen=True)
class Target:
    """What a wheel has to fit.

    Attributes
    ----------
    python
        The version of the locked Python.
    subdir
        The platform.
    assumed
        Its virtual packages: the glibc or macOS to count on.
    """

    python: str
    subdir: str
    assumed: VirtualPackages

    @property
    def uv_name(self) -> str:
        """The platform as uv calls it."""
        machine = _MACHINES[self.subdir].replace("arm64", "aarch64")
        if self.subdir.startswith("linux-"):
            return f"{machine}-manylinux_2_{self._glibc}"
        return f"{machine}-{'apple-darwin' if self._is_macos else 'pc-windows-msvc'}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that uv reads: the oldest macOS to support."""
        return {"MACOSX_DEPLOYMENT_TARGET": self._macos} if self._is_macos else {}

    def tags(self) -> Iterator[tags.Tag]:
        """Yield the tags that fit, the best first."""
        yield from _tags(self.python, list(self._platforms()))

    @property
    def _is_macos(self) -> bool:
        return self.subdir.startswith("osx-")

    @property
    def _glibc(self) -> int:
        version, _ = self.assumed.get("__glibc", ("2.17", "0"))
        return int(version.split(".")[1])

    @property
    def _macos(self) -> str:
        version, _ = self.assumed.get("__osx", ("11.0", "0"))
        return version

    def _platforms(self) -> Iterator[str]:
        machine = _MACHINES[self.subdir]
        if self._is_macos:
            major, _, minor = self._macos.partition(".")
            yield from tags.mac_platforms((int(major), int(minor or 0)), machine)
        elif self.subdir.startswith("linux-"):
            legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
            for release in range(self._glibc, _OLDEST_GLIBC[machine] - 1, -1):
                yield f"manylinux_2_{release}_{machine}"
                if release in legacy:
                    yield f"{legacy[release]}_{machine}"
            yield f"linux_{machine}"
        else:
            yield "win_amd64"


def here(python: str) -> list[tags.Tag]:
    """Return the tags that fit a Python of version *python* on this machine, the best first."""
    return list(_tags(python, list(tags.platform_tags())))


def chosen(target: Target, packages: Sequence[Mapping[str, Any]]) -> list[Wheel]:
    """Return the wheels that fit best, one for each of *packages* of a ``pylock.toml`` (PEP 751).

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
    return [_wheel(target, package, file) for package, file in found]


def _wheel(target: Target, package: Package, file: object) -> Wheel:
    if isinstance(file, PackageWheel | PackageArchive) and file.url and "sha256" in file.hashes:
        wheel = Wheel(package.name, "", urls.without_credentials(file.url), file.hashes["sha256"])
        try:
            _, version, _, fitting = parse_wheel_filename(wheel.file_name)
        except InvalidWheelFilename:
            fitting = frozenset()
        if not fitting.isdisjoint(target.tags()):
            return replace(wheel, version=str(version))
    raise UnsatisfiableError(
        f"{package.name} {package.version or ''} has no wheel with a SHA-256 for Python "
        f"{target.python} on {target.subdir}",
        _OTHER,
    )


def _tags(python: str, platforms: Sequence[str]) -> Iterator[tags.Tag]:
    major, minor = map(int, python.split(".")[:2])
    name = f"cp{major}{minor}"
    # the ABI is named, as packaging else takes that of the Python that runs strata
    yield from tags.cpython_tags((major, minor), [name], platforms)
    yield from tags.compatible_tags((major, minor), name, platforms)
