"""From specs to the exact packages of one platform: the only module that calls rattler's solver."""

from __future__ import annotations

import asyncio
import datetime
import re
from collections.abc import Callable, Mapping, Sequence

from rattler import (
    BuildString,
    Channel,
    GenericVirtualPackage,
    MatchSpec,
    PackageName,
    RepoDataRecord,
    Subdir,
    Version,
)
from rattler import solve as rattler_solve
from rattler.exceptions import (
    FetchRepoDataError,
    GatewayError,
    InvalidChannelError,
    InvalidUrlError,
    IoError,
    SolverError,
)

from conda_strata.core.errors import ManifestError, UnsatisfiableError
from conda_strata.rattler import channels
from conda_strata.rattler.errors import retrying, unreadable_channel
from conda_strata.spec.channel_names import each_once
from conda_strata.spec.manifest import Manifest
from conda_strata.spec.virtual_packages import FILE_NAME, VirtualPackages

Records = list[RepoDataRecord]


def solve(
    manifest: Manifest,
    subdirs: Sequence[str],
    locked: Mapping[str, Sequence[RepoDataRecord]],
    on_solved: Callable[[str, int], None] = lambda _subdir, _count: None,
    newest: datetime.datetime | None = None,
) -> dict[str, Records]:
    """Solve all environments of *manifest* together, for all *subdirs* concurrently.

    Parameters
    ----------
    manifest
        What to solve.
    subdirs
        The platforms to solve for.
    locked
        Subdir to the packages to keep where the specs still allow it.
    on_solved
        Called with subdir and number of packages as each platform is done.
    newest
        The cut-off: packages uploaded later, or at an unknown time, are left out.

    Returns
    -------
    dict
        Subdir to its records, sorted by name.

    Raises
    ------
    UnsatisfiableError
        When no set of packages fulfils the specs on a platform.
    NetworkError
        When a channel does not exist or cannot be read.
    """
    return retrying(lambda: asyncio.run(_solve(manifest, subdirs, locked, on_solved, newest)))


async def _solve(
    manifest: Manifest,
    subdirs: Sequence[str],
    locked: Mapping[str, Sequence[RepoDataRecord]],
    on_solved: Callable[[str, int], None],
    newest: datetime.datetime | None,
) -> dict[str, Records]:
    gateway = channels.gateway()

    async def one(subdir: str) -> Records:
        specs = [MatchSpec(spec.text) for spec in manifest.all_specs(subdir)]
        sources = _sources(manifest.channels, specs)
        try:
            records = await rattler_solve(
                sources=sources,
                specs=specs,
                gateway=gateway,
                platforms=[Subdir(subdir), "noarch"],
                locked_packages=list(locked.get(subdir, ())),
                virtual_packages=_virtual_packages(manifest.virtual_packages[subdir]),
                exclude_newer=newest,
            )
        except SolverError as error:
            raise _unsatisfiable(subdir, manifest, error) from error
        except (GatewayError, FetchRepoDataError, IoError) as error:
            raise unreadable_channel(error, [c.base_url for c in sources]) from error
        except (InvalidChannelError, InvalidUrlError) as error:
            raise ManifestError(
                f"{manifest.files[0]}: a channel is neither a name nor a URL: {error}"
            ) from error
        on_solved(subdir, len(records))
        return sorted(records, key=lambda record: record.name.normalized)

    tasks = [asyncio.ensure_future(one(subdir)) for subdir in subdirs]
    try:
        solved = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return dict(zip(subdirs, solved, strict=True))


def _sources(named: Sequence[str], specs: Sequence[MatchSpec]) -> list[Channel]:
    """Return the channels, and behind them those that only a ``channel::package`` names."""
    of_specs = [spec.channel.base_url for spec in specs if spec.channel]
    return [Channel(name) for name in each_once([*named, *of_specs])]


def _virtual_packages(assumed: VirtualPackages) -> list[GenericVirtualPackage]:
    return [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
        for name, (version, build) in assumed.items()
    ]


def _unsatisfiable(subdir: str, manifest: Manifest, error: SolverError) -> UnsatisfiableError:
    reason = str(error).removeprefix("Cannot solve the request because of: ").strip()
    named = [spec for spec in manifest.all_specs(subdir) if spec.text in reason]
    places = "".join(f"\n  {spec.where}: {spec.text}" for spec in named)
    fix = "Loosen or remove one of the specs named above."
    if missing := re.search(r"(?<![\w-])__[a-z]+", reason):
        fix = (
            f"If the machines that this is for have {missing[0]}, say so in {FILE_NAME} beside "
            f"{manifest.files[0].name}; else loosen a spec."
        )
    return UnsatisfiableError(
        f"no set of packages fulfils the specs on {subdir}: {reason}{places}", fix
    )
