"""From specs to the exact packages of one platform: the only module that calls rattler's solver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from rattler import (
    BuildString,
    GenericVirtualPackage,
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

from conda_strata import channels, platforms
from conda_strata.errors import ManifestError, NetworkError, UnsatisfiableError
from conda_strata.manifest import Manifest

Records = list[RepoDataRecord]


def solve(
    manifest: Manifest,
    subdirs: Sequence[str],
    locked: Mapping[str, Sequence[RepoDataRecord]],
    on_solved: Callable[[str, int], None] = lambda _subdir, _count: None,
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
    return asyncio.run(_solve(manifest, subdirs, locked, on_solved))


async def _solve(
    manifest: Manifest,
    subdirs: Sequence[str],
    locked: Mapping[str, Sequence[RepoDataRecord]],
    on_solved: Callable[[str, int], None],
) -> dict[str, Records]:
    gateway = channels.gateway()
    specs = [spec.text for spec in manifest.all_specs]

    async def one(subdir: str) -> Records:
        try:
            records = await rattler_solve(
                sources=manifest.channels,
                specs=specs,
                gateway=gateway,
                platforms=[Subdir(subdir), "noarch"],
                locked_packages=list(locked.get(subdir, ())),
                virtual_packages=_virtual_packages(subdir),
            )
        except SolverError as error:
            raise _unsatisfiable(subdir, manifest, error) from error
        except (GatewayError, FetchRepoDataError, IoError) as error:
            raise _unreachable(error) from error
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


def _virtual_packages(subdir: str) -> list[GenericVirtualPackage]:
    return [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
        for name, (version, build) in platforms.VIRTUAL_PACKAGES[subdir].items()
    ]


def _unsatisfiable(subdir: str, manifest: Manifest, error: SolverError) -> UnsatisfiableError:
    reason = str(error).removeprefix("Cannot solve the request because of: ").strip()
    named = [spec for spec in manifest.all_specs if spec.text in reason]
    places = "".join(f"\n  {spec.where}: {spec.text}" for spec in named)
    return UnsatisfiableError(
        f"no set of packages fulfils the specs on {subdir}: {reason}{places}",
        "Loosen or remove one of the specs named above.",
    )


def _unreachable(error: Exception) -> NetworkError:
    reason = str(error).strip()
    if "404" in reason:
        return NetworkError(
            f"unknown channel: {reason}",
            "Check the spelling under 'channels:' and your mirrors in rattler's configuration.",
        )
    return NetworkError(
        f"a channel cannot be read: {reason}",
        "Check the network, the proxy and the mirrors in rattler's configuration; then repeat.",
    )
