"""A link between the registry and everything that pushes to it or pulls from it."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import median

import requests

from demo import surroundings
from rig.machine.link import Link, through

SIZE = 25_000_000


@contextmanager
def between(here: surroundings.Surroundings, link: Link) -> Iterator[surroundings.Surroundings]:
    """Yield the surroundings with the registry, its base images included, behind the link."""
    assert here.cloud is not None
    registry = here.answers["registry"]
    with through(registry, link) as address:
        contexts = {
            name: value.replace(f"//{registry}/", f"//{address}/")
            for name, value in here.cloud.contexts.items()
        }
        cloud = replace(here.cloud, contexts=contexts)
        yield replace(here, answers=here.answers | {"registry": address}, cloud=cloud)


def raw(registry: str, size: int = SIZE) -> str:
    """Say what one connection to the registry carries, and how long an empty answer takes."""
    data = random.Random(0).randbytes(size)  # noqa: S311
    with requests.Session() as session:
        session.trust_env = False
        blobs = f"http://{registry}/v2/benchmark/raw/blobs"
        trips = [_seconds(lambda: session.get(f"http://{registry}/v2/")) for _ in range(7)]
        location = session.post(f"{blobs}/uploads/").headers["Location"]
        name = {"digest": f"sha256:{hashlib.sha256(data).hexdigest()}"}
        up = _seconds(lambda: session.put(location, data=data, params=name))
        down = _seconds(lambda: session.get(f"{blobs}/{name['digest']}"))
    rates = (f"{size * 8 / seconds / 1e6:.0f} Mbit/s" for seconds in (down, up))
    return (
        f"raw transfer of {size / 1e6:g} MB: {' down, '.join(rates)} up, "
        f"round trip {median(trips) * 1000:.1f} ms"
    )


def _seconds(request: Callable[[], requests.Response]) -> float:
    started = time.monotonic()
    request().raise_for_status()
    return time.monotonic() - started
