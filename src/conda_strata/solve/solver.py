"""From specs to the exact packages of one platform: the only module that calls rattler's solver."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rattler import (
    BuildString,
    Channel,
    Gateway,
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

from conda_strata.core.errors import ManifestError
from conda_strata.rattler import channels
from conda_strata.rattler.errors import retrying, unreadable_channel
from conda_strata.solve.conflicts import ConflictError, explained
from conda_strata.spec.channel_names import each_once
from conda_strata.spec.manifest import Manifest
from conda_strata.spec.virtual_packages import VirtualPackages

Records = list[RepoDataRecord]

_MOST_SECONDS = 10
"""Of a solve that only tells what would fit."""


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


@dataclass(frozen=True)
class _Solver:
    manifest: Manifest
    gateway: Gateway
    newest: datetime.datetime | None

    async def solve(
        self,
        subdir: str,
        specs: Sequence[MatchSpec],
        kept: Sequence[RepoDataRecord] = (),
        seconds: int | None = None,
    ) -> Records:
        return await rattler_solve(
            sources=_sources(self.manifest.channels, specs),
            specs=specs,
            gateway=self.gateway,
            platforms=[Subdir(subdir), "noarch"],
            locked_packages=list(kept),
            virtual_packages=_virtual_packages(self.manifest.virtual_packages[subdir]),
            exclude_newer=self.newest,
            timeout=datetime.timedelta(seconds=seconds) if seconds else None,
        )

    async def again(self, subdir: str, texts: Sequence[str]) -> Records:
        try:
            return await self.solve(subdir, [MatchSpec(text) for text in texts], (), _MOST_SECONDS)
        except (SolverError, GatewayError, FetchRepoDataError, IoError):
            return []  # the conflict itself is told all the same


async def _solve(
    manifest: Manifest,
    subdirs: Sequence[str],
    locked: Mapping[str, Sequence[RepoDataRecord]],
    on_solved: Callable[[str, int], None],
    newest: datetime.datetime | None,
) -> dict[str, Records]:
    solver = _Solver(manifest, channels.gateway(), newest)

    async def one(subdir: str) -> Records:
        specs = [MatchSpec(spec.text) for spec in manifest.all_specs(subdir)]
        sources = _sources(manifest.channels, specs)
        try:
            records = await solver.solve(subdir, specs, locked.get(subdir, ()))
        except SolverError as error:
            raise ConflictError(subdir, str(error), sources) from error
        except (GatewayError, FetchRepoDataError, IoError) as error:
            raise unreadable_channel(error, [c.base_url for c in sources]) from error
        except (InvalidChannelError, InvalidUrlError) as error:
            raise ManifestError(
                f"{manifest.files[0]}: a channel is neither a name nor a URL: {error}"
            ) from error
        on_solved(subdir, len(records))
        return sorted(records, key=lambda record: record.name.normalized)

    # All are waited for: what a user has to change on each platform is told at once, in order.
    solved = await asyncio.gather(*map(one, subdirs), return_exceptions=True)
    conflicts = [result for result in solved if isinstance(result, ConflictError)]
    for result in solved:
        if isinstance(result, BaseException) and not isinstance(result, ConflictError):
            raise result
    if conflicts:
        raise await explained(conflicts, manifest, solver.gateway, solver.again)
    return {s: r for s, r in zip(subdirs, solved, strict=True) if not isinstance(r, BaseException)}


def _sources(named: Sequence[str], specs: Sequence[MatchSpec]) -> list[Channel]:
    """Return the channels, and behind them those that only a ``channel::package`` names."""
    of_specs = [spec.channel.base_url for spec in specs if spec.channel]
    return [Channel(name) for name in each_once([*named, *of_specs])]


def _virtual_packages(assumed: VirtualPackages) -> list[GenericVirtualPackage]:
    return [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
        for name, (version, build) in assumed.items()
    ]
