"""A whole environment in a prefix: conda packages, wheels and variables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rattler import InstallerReporter, MatchSpec, RepoDataRecord

from conda_strata.core.errors import WrongPlatformError
from conda_strata.core.log import logger
from conda_strata.prefix import (
    conda_meta,
    existing,
    held,
    registered,
    run_scripts,
    shared_files,
    variables,
    wheels,
)
from conda_strata.prefix.install import install
from conda_strata.prefix.link_scripts import KEY, LinkScript
from conda_strata.prefix.run_scripts import LinkScriptError
from conda_strata.prefix.transaction import changing, is_broken_off
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec import platforms

_log = logger(__name__)


def bring_to(
    prefix: Path,
    records: Sequence[RepoDataRecord],
    locked_wheels: Sequence[Wheel],
    subdir: str,
    named: Mapping[str, str] | None,
    *,
    name: str | None = None,
    requested: Sequence[str] | None = None,
    allowed: Collection[str] = (),
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
    name
        What the environment is called in the lock; noted in the prefix.
    requested
        The specs that were asked for; None where nobody knows, so that all count as asked for.
    allowed
        Names of the packages whose post-link scripts may run.
    reporter
        Called with each download and link of a conda package.

    Raises
    ------
    WrongPlatformError
        When there are wheels for another platform than this machine's: uv needs its Python to remove them.
    NetworkError
        When a package cannot be downloaded, or is not what the lock says (SHA-256).
    LinkScriptError
        When a post-link script fails; all else is done.
    StrataError
        When the prefix cannot be written.
    """
    if locked_wheels and subdir != platforms.current():
        raise WrongPlatformError(
            f"wheels for {subdir} cannot be installed on {platforms.current()}",
            "Install on that platform, or take the packages of the 'pip:' list from conda.",
        )
    prefix = prefix.absolute()
    existing.require_safe(prefix, records, all_change=is_broken_off(prefix))
    folder = wheels.site_packages(records) if locked_wheels else None
    known = shared_files.find(prefix)
    with changing(prefix) as transaction:

        def begin() -> None:
            transaction.begin()
            if subdir == platforms.current():
                wheels.remove_stale(prefix, locked_wheels, folder)

        scripts = install(
            records,
            prefix,
            subdir,
            reporter=reporter,
            relink=transaction.relink,
            before_link=begin,
        )
        for shared in shared_files.find(prefix):
            if shared not in known:
                _log.warning("%s", shared)
        conda_meta.remember(prefix, records, _named(records, requested))
        # A download or a build that fails leaves the conda packages whole.
        transaction.pause()
        wheels.install_wheels(prefix, locked_wheels, records, before_change=transaction.begin)
        if name:
            held.remember(prefix, name)
        if named is not None:
            variables.write(prefix, named)
        if subdir == platforms.current():
            registered.register(prefix)
        failed = _run_scripts(prefix, records, subdir, allowed, scripts, relink=transaction.relink)
    # Out of the transaction: else the next installation would link everything anew.
    if failed:
        raise failed


def _run_scripts(
    prefix: Path,
    records: Sequence[RepoDataRecord],
    subdir: str,
    allowed: Collection[str],
    scripts: Sequence[LinkScript],
    *,
    relink: bool,
) -> LinkScriptError | None:
    """Run what is allowed and name the rest; return the failure."""
    here = subdir == platforms.current()
    for script in scripts:
        name = script.record.name.normalized
        if name not in allowed:
            _log.warning(
                "%s was not run; '%s: [%s]' in environment.yml allows it",
                script,
                KEY,
                name,
            )
        elif not here:
            _log.warning("%s was not run: it is for %s", script, subdir)
    try:
        run_scripts.run(prefix, records, subdir, allowed if here else (), again=relink)
    except LinkScriptError as error:
        return error
    return None


def _named(records: Sequence[RepoDataRecord], requested: Sequence[str] | None) -> list[str]:
    """Return what was asked for as conda writes it; URLs of packages by the name of theirs."""
    if requested is None:
        return [record.name.normalized for record in records]
    return [str(MatchSpec(spec)) for spec in requested]
