"""The ``pip:`` lists: resolved by uv against the locked Python and packages of each platform.

For uv, each locked conda package that is a Python distribution is a wheel of the same name and
version (with ``+conda``, a local version by PEP 440) without dependencies. So uv checks what the
``pip:`` lists need of conda's packages, and does not install those a second time.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.utils import canonicalize_name
from rattler import RepoDataRecord

from conda_strata.core import urls
from conda_strata.core.errors import ManifestError, NetworkError, UnsatisfiableError
from conda_strata.pypi.conda_names import distributions
from conda_strata.pypi.hash_check import require_hashes
from conda_strata.pypi.uv import uv_command
from conda_strata.pypi.wheel import Wheel
from conda_strata.pypi.wheel_choice import chosen
from conda_strata.pypi.wheel_tags import Target
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import Manifest

_CONDA = "+conda"

_FAILED_BUILD = re.compile(
    r"Failed to (?:build|prepare|resolve requirements from `build-system)[^`]*`([^`]*)`"
)

_NEEDS_WHEELS = re.compile(r"hint: Wheels are required for `([^`]*)` because building from .*\n?")


def resolve(
    manifest: Manifest,
    solved: Mapping[str, Sequence[RepoDataRecord]],
    kept: Mapping[str, Sequence[Wheel]],
    newest: datetime.datetime | None = None,
) -> dict[str, list[Wheel]]:
    """Resolve the ``pip:`` lists of all environments together, for all platforms of *solved*.

    Parameters
    ----------
    manifest
        What to resolve.
    solved
        Subdir to the conda packages of all environments.
    kept
        Subdir to the wheels to keep where the requirements still allow it.
    newest
        The cut-off: files uploaded later are left out.

    Returns
    -------
    dict
        Subdir to its wheels, sorted by name.

    Raises
    ------
    ManifestError
        When there is no Python among the conda packages.
    UnsatisfiableError
        When no set of wheels fulfils the requirements beside the conda packages.
    NetworkError
        When the Python index cannot be read.
    """

    def one(subdir: str) -> list[Wheel]:
        specs = [s for own in manifest.pip.values() for s in own if s.applies(subdir)]
        if not specs:
            return []
        return _Resolver(manifest, subdir, solved[subdir], newest).resolve(
            [spec.text for spec in specs], kept.get(subdir, ())
        )

    with ThreadPoolExecutor() as pool:
        found = dict(zip(solved, pool.map(one, solved), strict=True))
    return _with_one_graph(found)


def provided_by_conda(
    manifest: Manifest, subdir: str, records: Sequence[RepoDataRecord]
) -> Iterator[str]:
    """Yield a line for each requirement that conda provides already."""
    from packaging.requirements import Requirement

    by_conda = distributions(records)
    for specs in manifest.pip.values():
        for spec in specs:
            name = canonicalize_name(Requirement(spec.text).name)
            if spec.applies(subdir) and name in by_conda:
                yield (
                    f"{spec.where}: {spec.text!r} is provided by conda "
                    f"({name} {by_conda[name]}); remove it from the 'pip:' list"
                )


class _Resolver:
    def __init__(
        self,
        manifest: Manifest,
        subdir: str,
        records: Sequence[RepoDataRecord],
        newest: datetime.datetime | None,
    ) -> None:
        python = next((r for r in records if r.name.normalized == "python"), None)
        if python is None:
            first = next(spec for specs in manifest.pip.values() for spec in specs)
            raise ManifestError(
                f"{first.where}: a 'pip:' list needs a Python, and {subdir} has none",
                "Add 'python' to the dependencies.",
            )
        self.subdir = subdir
        self.where = ", ".join(str(file) for file in manifest.files)
        self.target = Target(str(python.version), subdir, manifest.virtual_packages[subdir])
        self.by_conda = distributions(records)
        self.newest = newest
        self.constraints = [s.text for s in manifest.constraints if s.applies(subdir)]
        self.options = manifest.pip_options
        self.hashes = manifest.pip_hashes
        self.built = manifest.built

    def resolve(self, requirements: Sequence[str], kept: Sequence[Wheel]) -> list[Wheel]:
        with tempfile.TemporaryDirectory(prefix="strata-pip-") as name:
            folder = Path(name)
            for distribution, version in self.by_conda.items():
                _write_stand_in(folder, distribution, version)
            pins = [f"{name}=={version}{_CONDA}" for name, version in self.by_conda.items()]
            limits = [*pins, *self.constraints]
            (folder / "limits.txt").write_text("\n".join(limits))
            # uv complains of a file without a line.
            limited = ["--constraints", "limits.txt"] if limits else []
            (folder / "requirements.txt").write_text("\n".join(requirements))
            (folder / "pins.txt").write_text("\n".join(f"{w.name}=={w.version}" for w in kept))
            graph = _requires(self._run_uv(folder, "pins.txt", *limited))
            self._run_uv(folder, "pylock.toml", "--constraints", "pins.txt", *limited)
            found = tomllib.loads((folder / "pylock.toml").read_text("utf-8"))
        packages = [
            package
            for package in found.get("packages", ())
            if canonicalize_name(package["name"]) not in self.by_conda
        ]
        wheels = [
            wheel._replace(requires=graph.get(wheel.name, ()))
            for wheel in chosen(self.target, packages, self.built)
        ]
        urls.require_safe((wheel.url for wheel in wheels), self.where)
        require_hashes(wheels, self.hashes)
        return sorted(wheels, key=lambda wheel: wheel.name)

    def _run_uv(self, folder: Path, output: str, *more: str) -> str:
        """Let uv write *output*; versions it finds there already are those it prefers."""
        words = uv_command("pip", "compile", "requirements.txt", "--output-file", output, *more)
        words += [*self.options, "--find-links", ".", "--only-binary", ":all:"]
        words += [word for name in sorted(self.built) for word in ("--no-binary", name)]
        words += ["--python", sys.executable, "--python-version", self.target.python]
        words += ["--python-platform", self.target.uv_name, "--no-progress", "--color", "never"]
        if self.newest:
            words += ["--exclude-newer", self.newest.isoformat()]
        environment = os.environ | self.target.environment
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return (folder / output).read_text("utf-8")
        reason = done.stderr.strip().replace(_CONDA, " (conda)")
        if "No solution found" in reason:
            raise UnsatisfiableError(
                f"{self.where}: no set of wheels fulfils the 'pip:' lists on {self.subdir}, "
                f"beside conda's packages:\n{_NEEDS_WHEELS.sub('', reason).rstrip()}",
                _fix(sorted(set(_NEEDS_WHEELS.findall(reason)))),
            )
        if found := _FAILED_BUILD.search(reason):
            raise UnsatisfiableError(
                f"{self.where}: {found[1]} of 'build:' cannot be built on this machine, for "
                f"{self.subdir}:\n{reason}",
                "Install what its build needs, such as a compiler, or take it from conda.",
            )
        raise NetworkError(
            f"uv cannot resolve the 'pip:' lists for {self.subdir}:\n{reason}",
            "Check the network, the proxy and uv's configuration; then repeat.",
        )


def _fix(sources: Sequence[str]) -> str:
    if sources:
        return (
            f"Take it from conda, or add the line 'build: [{', '.join(sources)}]' to "
            "environment.yml: then it is built from its sources where it is installed."
        )
    return "Loosen a requirement, or take the package from conda."


def _requires(annotated: str) -> dict[str, tuple[str, ...]]:
    """Return package to the packages it requires, from the ``# via`` notes in uv's output."""
    requires: dict[str, list[str]] = {}
    package = ""
    for line in annotated.splitlines():
        if line and not line.startswith((" ", "#")):
            package = canonicalize_name(package_name(line))
        elif found := re.fullmatch(r"    #(?: via)? +([A-Za-z0-9][\w.-]*)", line):
            requires.setdefault(canonicalize_name(found[1]), []).append(package)
    return {name: tuple(sorted(found)) for name, found in requires.items()}


def _with_one_graph(found: Mapping[str, Sequence[Wheel]]) -> dict[str, list[Wheel]]:
    """Merge the requirements of a wheel over the platforms that share it: the lock lists it once."""
    requires: dict[str, set[str]] = {}
    for wheels in found.values():
        for wheel in wheels:
            requires.setdefault(wheel.url, set()).update(wheel.requires)
    return {
        subdir: [wheel._replace(requires=tuple(sorted(requires[wheel.url]))) for wheel in wheels]
        for subdir, wheels in found.items()
    }


def _write_stand_in(folder: Path, name: str, version: str) -> None:
    stem = f"{name.replace('-', '_')}-{version}{_CONDA}"
    info = f"{stem}.dist-info"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        described = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}{_CONDA}\n"
        wheel.writestr(f"{info}/METADATA", described)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
