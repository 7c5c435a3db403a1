"""Wheels onto the disk: those of the ``pip:`` lists, in prefixes and in layers."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name
from rattler import RepoDataRecord

from conda_strata.core.errors import LockError, StrataError
from conda_strata.core.log import logger
from conda_strata.pypi import wheel_tags
from conda_strata.pypi.uv import uv_command
from conda_strata.pypi.wheel import Wheel
from conda_strata.pypi.wheel_tags import Target

_log = logger(__name__)

_METADATA = ("INSTALLER", "METADATA", "RECORD", "direct_url.json")


def site_packages(records: Sequence[RepoDataRecord]) -> str:
    """Return the folder of Python packages in a prefix with *records*, relative to the prefix.

    Raises
    ------
    LockError
        When there is no Python.
    """
    python = _locked_python(records)
    if python.python_site_packages_path:
        return python.python_site_packages_path
    if python.subdir.startswith("win-"):
        return "Lib/site-packages"
    minor = ".".join(str(python.version).split(".")[:2])
    return f"lib/python{minor}/site-packages"


def _locked_python(records: Sequence[RepoDataRecord]) -> RepoDataRecord:
    for record in records:
        if record.name.normalized == "python":
            return record
    raise LockError("the lock has wheels and no Python", "Add python to environment.yml.")


def remove_stale(prefix: Path, wheels: Sequence[Wheel], folder: str | None) -> None:
    """Take the wheels out of *prefix* that strata put there and that *wheels* lacks.

    Parameters
    ----------
    prefix
        The environment, as it is before its conda packages change.
    wheels
        What it shall hold.
    folder
        Where that will be, relative to *prefix*; None where there will be no Python.

    Raises
    ------
    StrataError
        When they cannot be removed.
    """
    wanted = {wheel.url for wheel in wheels}
    stale = [name for place, name, url in installed(prefix) if url not in wanted or place != folder]
    if stale:
        _uninstall(prefix, stale)


def install_wheels(
    prefix: Path,
    wheels: Sequence[Wheel],
    records: Sequence[RepoDataRecord],
    *,
    before_change: Callable[[], None] = lambda: None,
) -> None:
    """Add those of *wheels* to *prefix* that are not there.

    Parameters
    ----------
    prefix
        The environment, with its conda packages.
    wheels
        What it shall hold.
    records
        Its conda packages.
    before_change
        Called when all wheels are here, built and looked into, before the prefix changes.

    Raises
    ------
    NetworkError
        When a wheel cannot be downloaded, is not what the lock says (SHA-256), or is hostile.
    StrataError
        When the prefix cannot be written.
    """
    from conda_strata.prefix import wheel_build
    from conda_strata.prefix.wheel_files import fetched
    from conda_strata.prefix.wheel_layout import Layout

    present = {url for _, _, url in installed(prefix)}
    missing = [wheel for wheel in wheels if wheel.url not in present]
    if not missing:
        return
    python = _python(prefix)
    files = fetched(missing)
    folder = site_packages(records)
    windows = python.suffix == ".exe"
    fitting = frozenset(wheel_tags.here(str(_locked_python(records).version)))
    layout = Layout(prefix, folder, str(prefix), windows, fitting)

    def begin() -> None:
        before_change()
        names = {canonicalize_name(wheel.name) for wheel in missing}
        found = [found.name for found in distributions(path=[str(prefix / folder)]) if found.files]
        if replaced := [name for name in found if canonicalize_name(name) in names]:
            _uninstall(prefix, replaced)

    with wheel_build.built(missing, files, str(python)) as (made, files):
        layout.lay_out(made, files, begin)


def link_wheels(
    wheels: Sequence[Wheel], tree: Path, target: Target, folder: str, home: str
) -> None:
    """Write *wheels* into *tree* as they will lie in the environment *home*, on any platform.

    Nothing of *target* is run, and nothing of this machine is written, but for what ``build:``
    names: a wheel of that is built here, by a Python of the same version.

    Raises
    ------
    WrongPlatformError
        When there is something to be built for another platform than this machine's.
    NetworkError
        When a wheel cannot be downloaded, is not what the lock says (SHA-256), or is hostile.
    """
    from conda_strata.prefix import wheel_build
    from conda_strata.prefix.wheel_files import fetched
    from conda_strata.prefix.wheel_layout import Layout

    wheel_build.require_here(wheels, target.subdir)
    windows = target.subdir.startswith("win-")
    layout = Layout(tree, folder, home, windows, frozenset(target.tags()))
    minor = ".".join(target.python.split(".")[:2])
    with wheel_build.built(wheels, fetched(wheels), minor) as made:
        layout.lay_out(*made)


def _uninstall(prefix: Path, names: Sequence[str]) -> None:
    # uv's settings of the current folder have no say: they could name a cache anywhere
    words = [
        "--no-config",
        "--python",
        str(_python(prefix)),
        "--quiet",
        "--no-progress",
        "--color",
        "never",
    ]
    command = uv_command("pip", "uninstall", *words, "--", *names)
    _log.debug("%s", shlex.join(command))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StrataError(
            f"uv failed: {done.stderr.strip().removeprefix('error: ')}",
            "That is uv's own message; -v shows the command that failed.",
        )


def installed(prefix: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the folder, name and URL of each wheel in *prefix* that came from a lock.

    What a person added by hand, with pip or as an editable project, is not among them.
    """
    for place in _places(prefix):
        for file in (info / name for info in place.glob("*.dist-info") for name in _METADATA):
            if file.exists() and not file.is_file():
                raise StrataError(f"{file} is no regular file", "Delete it, or the environment.")
        for found in distributions(path=[str(place)]):
            # RECORD is written last: without it, the installation was cut short
            own = (found.read_text("INSTALLER") or "").strip() == "strata"
            whole = own and found.read_text("RECORD") is not None
            if whole and (url := _archive(found.read_text("direct_url.json") or "{}")):
                yield place.relative_to(prefix).as_posix(), canonicalize_name(found.name), url


def _archive(direct_url: str) -> str | None:
    """Return the archive that a package came from (PEP 610); None without one."""
    try:
        source = json.loads(direct_url)
    except (ValueError, RecursionError):
        return None
    if not isinstance(source, dict) or "archive_info" not in source:
        return None
    return url if isinstance(url := source.get("url"), str) else None


def _places(prefix: Path) -> list[Path]:
    """Return the folders of Python packages; conda's ``lib/python3.1`` is but a link to one."""
    found = [*prefix.glob("lib/python*/site-packages"), *prefix.glob("Lib/site-packages")]
    return sorted(place for place in found if not place.parent.is_symlink())


def _python(prefix: Path) -> Path:
    script = prefix / "python.exe"
    return script if script.exists() else prefix / "bin" / "python"
