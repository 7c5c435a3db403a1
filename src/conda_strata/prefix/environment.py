"""A whole environment in a prefix: conda packages, wheels and variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rattler import InstallerReporter, MatchSpec, RepoDataRecord

from conda_strata.core.errors import WrongPlatformError
from conda_strata.prefix import conda_meta, variables, wheels
from conda_strata.prefix.install import install
from conda_strata.prefix.transaction import changing
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec import platforms


def bring_to(
    prefix: Path,
    records: Sequence[RepoDataRecord],
    locked_wheels: Sequence[Wheel],
    subdir: str,
    named: Mapping[str, str] | None,
    *,
    requested: Sequence[str] | None = None,
    reporter: InstallerReporter | None = None,
) -> None:
    """Bring *prefix* to exactly what the lock has for it; what is there already is left alone.

    Parameters
    ----------
    prefix
        The folder to install into; made when absent.
    records, locked_wheels
        All packages that it shall hold.
    subdir
        Their platform.
    named
        The environment's variables; None leaves those that it has.
    requested
        The specs that were asked for; None where nobody knows, so that all count as asked for.
    reporter
        Told of each download and link of a conda package.

    Raises
    ------
    WrongPlatformError
        When there are wheels for another platform than this machine's: uv needs its Python to remove them.
    NetworkError
        When a package cannot be downloaded, or is not what the lock says (SHA-256).
    StrataError
        When the prefix cannot be written.
    """
    if locked_wheels and subdir != platforms.current():
        raise WrongPlatformError(
            f"wheels for {subdir} cannot be installed on {platforms.current()}",
            "Install on that platform, or take the packages of the 'pip:' list from conda.",
        )
    prefix = prefix.absolute()
    with changing(prefix) as relink:
        if subdir == platforms.current():
            folder = wheels.site_packages(records) if locked_wheels else None
            wheels.remove_stale(prefix, locked_wheels, folder)
        install(records, prefix, subdir, reporter=reporter, relink=relink)
        conda_meta.remember(prefix, records, _named(records, requested))
        wheels.install_wheels(prefix, locked_wheels, records)
        if named is not None:
            variables.write(prefix, named)


def _named(records: Sequence[RepoDataRecord], requested: Sequence[str] | None) -> list[str]:
    """Return what was asked for as conda writes it; URLs of packages by the name of theirs."""
    if requested is None:
        return [record.name.normalized for record in records]
    return [str(MatchSpec(spec)) for spec in requested]
