"""Which wheels fit a platform: the compatibility tags (PEP 425, PEP 600)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging import tags

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


def _tags(python: str, platforms: Sequence[str]) -> Iterator[tags.Tag]:
    major, minor = map(int, python.split(".")[:2])
    name = f"cp{major}{minor}"
    # the ABI is named, as packaging else takes that of the Python that runs strata
    yield from tags.cpython_tags((major, minor), [name], platforms)
    yield from tags.compatible_tags((major, minor), name, platforms)
