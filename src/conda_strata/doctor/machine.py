"""The machine: what it is, its tools and its disk."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from rattler import MatchSpec, PackageRecord, VirtualPackage, VirtualPackageOverrides

from conda_strata.core.errors import StrataError
from conda_strata.core.text import megabytes
from conda_strata.doctor.finding import Finding, ok, problem, warning
from conda_strata.lock.model import Lock
from conda_strata.pypi.uv import uv_command
from conda_strata.rattler import channels
from conda_strata.spec.dependency import package_name

LITTLE_SPACE = 5_000_000_000
"""Free bytes below which an environment of usual size may not fit."""

_MEASURING = 2.0


def virtual_packages(lock: Lock, subdir: str, environment: str | None) -> Iterator[Finding]:
    """Say whether this machine has what the locked packages ask of it: glibc, CUDA and the like."""
    here = {}
    for package in VirtualPackage.detect(VirtualPackageOverrides.from_env()):
        one = package.into_generic()
        here[one.name.normalized] = PackageRecord(
            one.name, str(one.version), one.build_string, 0, subdir
        )
    lacking: dict[str, set[str]] = {}
    for name, solution in lock.environments.items():
        for record in solution.get(subdir, ()) if environment in (None, name) else ():
            for text in record.depends:
                asked = package_name(text)
                if asked.startswith("__") and not (
                    asked in here and MatchSpec(text).matches(here[asked])
                ):
                    lacking.setdefault(text, set()).add(record.name.normalized)
    has = ", ".join(f"{name} {record.version}" for name, record in sorted(here.items()))
    for text, names in sorted(lacking.items()):
        found = here.get(package_name(text))
        if package_name(text) == "__cuda" and not found:
            yield warning(
                "machine",
                f"{', '.join(sorted(names))} will use no GPU here: that needs {text}, and this "
                "machine has no driver of NVIDIA",
                "Packages such as PyTorch use the CPU then. Others need a machine with the driver.",
            )
            continue
        instead = f"it has {found.version}" if found else "it has none"
        yield problem(
            "machine",
            f"{', '.join(sorted(names))} will not run here: this machine must have {text}, "
            f"and {instead}",
            "Update the system or its driver, work on another machine or in the image, or say in "
            "virtual-packages.yml what your machines have and run 'strata lock'.",
        )
    if not lacking:
        yield ok("machine", f"fits the lock: {has}")


def bash() -> Iterator[Finding]:
    """Say whether there is the shell that activation scripts run in; Windows brings its own."""
    if os.name == "nt":
        return
    if path := shutil.which("bash"):
        yield ok("bash", path)
    else:
        fix = "Install it: 'strata run' and 'shell' need it."
        yield problem("bash", "bash is not on PATH", fix)


def uv(lock: Lock, subdir: str) -> Iterator[Finding]:
    """Say whether uv is there, where the lock has packages from a Python index."""
    count = max((len(wheels.get(subdir, ())) for wheels in lock.wheels.values()), default=0)
    if not count:
        return
    try:
        yield ok("uv", uv_command()[0])
    except StrataError as error:
        yield problem(
            "uv",
            f"the lock has {count} packages from a Python index, and uv, which resolves them, is "
            "not there",
            error.fix,
        )


def cache(project: Path) -> Iterator[Finding]:
    """Say whether packages can be kept, how many are, and whether they can be linked."""
    folder = channels.cache_dir()
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        yield problem(
            "cache",
            f"{folder} cannot be written",
            "Fix its permissions, or set RATTLER_CACHE_DIR to another folder.",
        )
        return
    free = shutil.disk_usage(nearest).free
    size, whole = _size(folder) if folder.exists() else (0, True)
    what = f"{folder}: {'' if whole else 'more than '}{megabytes(size)}"
    if free < LITTLE_SPACE:
        yield warning(
            "cache", f"{what}, and only {megabytes(free)} free", "Make room on that disk."
        )
    else:
        yield ok("cache", f"{what}, {megabytes(free)} free")
    if nearest.stat().st_dev == project.stat().st_dev:
        yield ok("links", "cache and project share a file system: packages are linked, not copied")
    else:
        yield warning(
            "links",
            "the cache is on another file system than the project, so packages are copied",
            "Set RATTLER_CACHE_DIR to a folder on the project's disk to save time and space.",
        )


def _size(folder: Path) -> tuple[int, bool]:
    """Return the size of a folder's files, and whether there was time for all of them."""
    deadline = time.monotonic() + _MEASURING
    total = 0
    pending = [str(folder)]
    while pending:
        if time.monotonic() > deadline:
            return total, False
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total, True
