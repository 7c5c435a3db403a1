"""The examples of data larger than memory against reading the same bytes and doing nothing.

Data in a folder have 4 GB, those on S3 half a GB: the S3 server is moto, one process of Python, which
reads a whole object for each range that is asked for. Two arguments give other sizes. Each example
runs under a limit of 1 GB of its own memory. Files stay in the cache of the operating system.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import _measure
from integration.data import surroundings
from integration.data.surroundings import EXAMPLES, Environment

LIMIT = 1000
TIMES = 2
BUCKET = "measured"
EXAMPLE_DATA = {"readings": "readings", "field": "field.zarr"}

RAW = """
import fsspec, os

files, folder = fsspec.core.url_to_fs(os.environ["DATA"], default_cache_type="none")
for name in files.find(folder):
    with files.open(name, "rb") as file:
        while file.read(8_000_000):
            pass
"""


def main() -> int:
    """Make the data, run everything in turns, and print the ratios."""
    local, remote = (float(word) for word in sys.argv[1:] or ["4", "0.5"])
    print(_measure.machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = surroundings.install(folder / "venv")
        measured = {}
        for example, data in EXAMPLE_DATA.items():
            here = environment.using(DATA=str(folder / data), GIGABYTES=str(local))
            measured[example] = _measured(here, example, folder, "in a folder")
        with surroundings.s3(environment, BUCKET) as s3:
            for example, data in EXAMPLE_DATA.items():
                small = environment.using(DATA=str(folder / f"small-{data}"), GIGABYTES=str(remote))
                there = s3.using(DATA=f"s3://{BUCKET}/{data}", GIGABYTES=str(remote))
                runs = _measured(small, example, folder, "in a folder")
                far = _measured(there, example, folder, "on S3")
                _report(f"{example}, {remote} GB", {**runs, **far}, remote)
    for example, runs in measured.items():
        _report(f"{example}, {local} GB", runs, local)
    return 0


def _measured(
    environment: Environment, example: str, folder: Path, where: str
) -> dict[str, _measure.Runs]:
    make = environment.run(EXAMPLES / f"make_{example}.py", cwd=folder)
    make.check_returncode()
    words = [f"{name}={value}" for name, value in environment.variables.items()]
    start = ["env", *words, environment.python]
    limited = ["prlimit", f"--data={LIMIT}000000", *start]
    commands = {
        f"reading the bytes {where}": [*start, "-c", RAW],
        f"the example {where}": [*limited, str(EXAMPLES / f"{example}.py")],
    }
    return _measure.alternate(commands, TIMES, cwd=folder)


def _report(title: str, measured: Mapping[str, _measure.Runs], gigabytes: float) -> None:
    _measure.table(title, measured)
    found = list(measured.items())
    for (_, raw), (name, runs) in zip(found[::2], found[1::2], strict=True):
        share = runs.peak / 1e3 / gigabytes
        print(f"{name}: {runs.median / raw.median:.1f} × the seconds of reading the bytes")
        print(f"{name}: peak {runs.peak:.0f} MB, {share:.2f} × the data")
    if len(found) > 2:
        print(f"on S3 ÷ in a folder: {found[3][1].median / found[1][1].median:.1f} × the seconds")


if __name__ == "__main__":
    sys.exit(main())
