"""Where the work runs: on this machine's cores, or on the Dask cluster in DASK_SCHEDULER_ADDRESS.

The analysis only says, with joblib, what can run side by side. It names no cluster.
"""

import asyncio
import hashlib
import os
import platform
import re
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from joblib import parallel_config

VARIABLE = "DASK_SCHEDULER_ADDRESS"
CONNECT = 10  # seconds
FIRST_WORKER = 60  # seconds

# Of the files as they are when a process imports them: a worker keeps running what it has imported.
CODE = hashlib.sha256(
    b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()


class ClusterError(RuntimeError):
    """The cluster cannot do the work; the message says why, and what to do."""


@contextmanager
def connected(verbose: int = 0) -> Iterator[None]:
    """Let joblib use the cluster in DASK_SCHEDULER_ADDRESS, or all cores when it is not set.

    Raises
    ------
    ClusterError
        When the cluster does not answer, has another environment, or is gone before the end.
    """
    address = os.environ.get(VARIABLE)
    if not address:
        with parallel_config(n_jobs=-1, verbose=verbose):
            yield
        return
    try:
        from dask import config
        from dask.distributed import Client, KilledWorker, rpc
        from distributed.scheduler import NoValidWorkerError
    except ImportError as error:
        raise ClusterError(
            f"{VARIABLE} is set, but Dask is not installed ({error}): "
            "add 'dask' to environment.yml and run 'strata lock', or unset the variable"
        ) from error

    # A client waits for ever where something listens that is no scheduler, so it is asked first.
    async def ask() -> None:
        async with rpc(address) as scheduler:
            await scheduler.identity()

    with config.set({"distributed.comm.timeouts.connect": CONNECT}):
        try:
            asyncio.run(asyncio.wait_for(ask(), CONNECT))
            client = Client(address, timeout=CONNECT)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"no scheduler answers at {VARIABLE}={address}: start it, correct the address, or "
                f"unset the variable to use this machine ({str(error) or f'silent for {CONNECT} s'})"
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=FIRST_WORKER)
            except OSError as error:
                raise ClusterError(
                    f"{address} has no worker after {FIRST_WORKER} s: look at the workers' logs"
                ) from error
            compare(client, address)
            try:
                with parallel_config("dask", verbose=verbose):
                    yield
            except CancelledError as error:
                raise ClusterError(
                    f"the scheduler at {address} is gone: start it again, and run this again"
                ) from error
            except KilledWorker as error:
                raise ClusterError(
                    "the same piece of work ended several workers, probably by lack of memory: "
                    f"give them more ({error})"
                ) from error
            except NoValidWorkerError as error:
                raise ClusterError(f"{address} has no workers any more: start some") from error


def compare(client, address: str) -> None:
    """Check that the scheduler and the workers have this process's packages and code.

    Raises
    ------
    ClusterError
        When a package that both have differs, or the code; the message names them.
    """
    try:
        there = {"the scheduler": client.run_on_scheduler(environment), **client.run(environment)}
    except Exception as error:  # of another program, of another version: it can be anything
        raise ClusterError(
            f"{address} cannot run this project ({type(error).__name__}: {error}): "
            "its scheduler and workers need the same image, and the code"
        ) from error
    here = environment()
    for place, packages in there.items():
        both = sorted(here.keys() & packages.keys())
        other = [name for name in both if here[name] != packages[name]]
        if other == ["the code"]:
            raise ClusterError(f"{place} runs other code than this: restart it with this checkout")
        if other:
            shown = "; ".join(f"{n}: {here[n]} here, {packages[n]} there" for n in other[:5])
            raise ClusterError(
                f"{place} has another environment than this, {len(other)} differences ({shown}): "
                "use the same image, or the same strata.lock, for both"
            )


def environment() -> dict[str, str]:
    """Return what the numbers depend on: versions of Python and all packages, and the code."""
    packages = {
        re.sub(r"[-_.]+", "-", found.name).lower(): found.version
        for found in metadata.distributions()
    }
    return {**packages, "python": platform.python_version(), "the code": CODE}
