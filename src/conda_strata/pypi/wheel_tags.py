"""Which of a release's wheels fits a platform, by the compatibility tags (PEP 425, PEP 600)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging import tags
from packaging.utils import canonicalize_name, parse_wheel_filename

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
        major, minor = map(int, self.python.split(".")[:2])
        names = list(self._platforms())
        yield from tags.cpython_tags((major, minor), platforms=names)
        yield from tags.compatible_tags((major, minor), f"cp{major}{minor}", names)

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


def best(target: Target, package: Mapping[str, Any]) -> Wheel:
    """Return the wheel of *package*, an entry of ``pylock.toml`` (PEP 751), that fits best.

    Raises
    ------
    UnsatisfiableError
        When none fits, or the one that does has no SHA-256.
    """
    rank = {tag: place for place, tag in enumerate(target.tags())}
    ranked = []
    for wheel in [*package.get("wheels", ()), *_archives(package)]:
        name = unquote(urlsplit(wheel["url"]).path.rpartition("/")[2])
        places = [rank[tag] for tag in parse_wheel_filename(name)[3] if tag in rank]
        if places and "sha256" in wheel.get("hashes", {}):
            ranked.append((min(places), name, wheel))
    if not ranked:
        raise UnsatisfiableError(
            f"{package['name']} {package.get('version', '')} has no wheel for Python "
            f"{target.python} on {target.subdir}",
            "Ask for another version, or take the package from conda.",
        )
    _, name, wheel = min(ranked, key=lambda one: one[:2])
    version = str(parse_wheel_filename(name)[1])
    return Wheel(
        canonicalize_name(package["name"]),
        version,
        urls.without_credentials(wheel["url"]),
        wheel["hashes"]["sha256"],
    )


def _archives(package: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    archive = package.get("archive")
    return [archive] if archive and "url" in archive else []
