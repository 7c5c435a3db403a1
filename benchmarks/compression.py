"""How layers are compressed: what each way costs to make, and what a person then waits for.

    python -m benchmarks.compression [PROJECT]

Bytes and CPU seconds of one core are measured. A transfer is the bytes over the rate. A layer is made once
for all who pull it: "first" is what its maker and one who pulls wait for together, "pull" is what everybody
else waits for.
"""

from __future__ import annotations

import gzip
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks import _locked
from benchmarks._measure import machine
from conda_strata.image.archive import LEVELS as OURS
from conda_strata.image.archive import plain

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENVIRONMENT = "dev"
RATES = {"20 Mbit/s": 2.5e6, "100 Mbit/s": 12.5e6, "1 Gbit/s": 125e6}
BY_SIZE = ((3, 1e6, 12), (3, 10e6, 9), (12, 1e6, 3), (19, 1e6, 6), (9, 10e6, 3))
"""Level of layers of at most so many bytes before compression, and level of the others."""

BLOCK = 1 << 20
_OPTION = zstd.CompressionParameter
Open = Callable[[IO[bytes]], IO[bytes]]


def _zstd(level: int, *, long: bool = False) -> Open:
    options: dict[int, int] = {_OPTION.compression_level: level}
    if long:
        # A window of 128 MiB is the most that readers take without being told.
        options |= {_OPTION.enable_long_distance_matching: 1, _OPTION.window_log: 27}
    return lambda file: zstd.ZstdFile(file, "w", options=options)  # type: ignore[return-value]


def _gzip(level: int) -> Open:
    return lambda file: gzip.GzipFile("", "wb", level, file, mtime=0)  # type: ignore[return-value]


WAYS: dict[str, Open] = {
    f"gzip {OURS['gzip']}": _gzip(OURS["gzip"]),
    **{f"zstd {level}": _zstd(level) for level in (1, 3, 6, 9, 12, 19)},
    **{f"zstd {level}, long": _zstd(level, long=True) for level in (3, 9)},
}


@dataclass(frozen=True)
class Cost:
    """Bytes of a layer as it is sent, and CPU seconds to make and to unpack it."""

    size: int
    made: float
    unpacked: float


def main() -> int:
    """Measure and print the table."""
    named = _locked.asked(f"What the layers of the environment {ENVIRONMENT} cost, by compression.")
    print(machine())
    with (
        _locked.project(named) as project,
        _locked.layers(project, ENVIRONMENT) as folders,
        _archives(folders) as files,
    ):
        sizes = [file.stat().st_size for file in files]
        print(f"{len(files)} layers, {sum(sizes) / 1e6:.1f} MB before compression")
        print(f"{'':<24}{'':>10}{'make':>9}{'unpack':>9}" + "".join(f"{r:>20}" for r in RATES))
        print(
            f"{'':<24}{'MB':>10}{'CPU s':>9}{'CPU s':>9}" + f"{'first':>12}{'pull':>8}" * len(RATES)
        )
        costs = {}
        for way, compressed in WAYS.items():
            costs[way] = [_measured(file, compressed) for file in files]
            print(_row(way, costs[way]), flush=True)
    for small, limit, big in BY_SIZE:
        pairs = zip(sizes, costs[f"zstd {small}"], costs[f"zstd {big}"], strict=True)
        mixed = [one if size <= limit else other for size, one, other in pairs]
        print(_row(f"zstd {small} to {limit / 1e6:.0f} MB, else {big}", mixed))
    return 0


@contextmanager
def _archives(folders: Sequence[Path]) -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory() as temporary:
        files = [Path(temporary) / f"{folder.name}.tar" for folder in folders]
        for folder, file in zip(folders, files, strict=True):
            with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as archive:
                for path in sorted(folder.rglob("*")):
                    archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
        yield files


def _measured(file: Path, compressed: Open) -> Cost:
    with tempfile.TemporaryFile() as packed:
        started = time.process_time()
        with file.open("rb") as source, compressed(packed) as sink:
            _copy(source, sink.write)
        made = time.process_time() - started
        size = packed.tell()
        packed.seek(0)
        started = time.process_time()
        _copy(plain(packed), len)
        return Cost(size, made, time.process_time() - started)


def _copy(source: IO[bytes], sink: Callable[[bytes], object]) -> None:
    while block := source.read(BLOCK):
        sink(block)


def _row(title: str, layers: Iterable[Cost]) -> str:
    size, made, unpacked = map(
        sum, zip(*((c.size, c.made, c.unpacked) for c in layers), strict=True)
    )
    text = f"{title:<24}{size / 1e6:>10.1f}{made:>9.1f}{unpacked:>9.1f}"
    for rate in RATES.values():
        pull = size / rate + unpacked
        text += f"{made + pull:>12.1f}{pull:>8.1f}"
    return text


if __name__ == "__main__":
    sys.exit(main())
