"""What a person waits for when a dependency changes: the image in layers, and in one layer.

The peer has the same Dockerfile, base images and packages, but one layer for each environment, as
``RUN conda env create`` has; it is built and pushed by BuildKit with an inline cache in the registry.
Each rebuild starts as on a fresh CI machine: no builder's cache, no packages, only the registry.
Installing strata, which the peer's Dockerfile does inside, is counted on this side, too.

    python -m benchmarks.image [--link 100mbit,20ms]

With a link, the registry is that far away from everything that pushes or pulls; conda and Python packages
come as before, and rows without the registry are left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import _newer
from benchmarks._bench import Bench, Row, show
from benchmarks._measure import STRATA, Runs, apart, once
from demo import image

LOCAL, MORE, SMALL = "mdurl", "rich", "cowsay"
BIG = "pyarrow"
STACK = "import pandas, sklearn, matplotlib.pyplot, pyarrow, lightgbm, statsmodels.api, distributed"


def rows(bench: Bench) -> Iterator[Row]:
    """Measure, a line at a time; with a link only what goes over it."""
    if not bench.far:
        yield from _local(bench)
    ours, theirs = bench.push(), bench.push_peer()
    yield Row("cold build and push: seconds", _s(ours), _s(theirs), ours / theirs, 1.2)
    yield from _pulls(bench)
    yield from _one_package_more(bench)
    yield from _nothing_changed(bench)
    if not bench.far:
        yield from _imports(bench)
        yield _memory(bench)
    # Last, as its newer package is in no channel afterwards.
    yield _big_package(bench)


def _local(bench: Bench) -> Iterator[Row]:
    """First of all, as nothing of the project is in the registry yet."""
    bench.fresh()
    with bench.cold():
        ours = bench.build()
        bench.fresh()
        theirs = bench.build_peer()
        yield Row(
            "cold local build, until docker run: seconds", _s(ours), _s(theirs), ours / theirs, 1
        )
        bench.project.add_dependency(LOCAL)
        bench.lock()
        ours, theirs = bench.build(), bench.build_peer()
    title = f"add {LOCAL}: local build, until docker run, times faster"
    yield Row(title, _s(ours), _s(theirs), theirs / ours, 5, more_is_better=True)


def _pulls(bench: Bench) -> Iterator[Row]:
    times: dict[str, list[float]] = {bench.project.image: [], bench.peer: []}
    for name in (1 if bench.far else 2) * (*times, *reversed(times)):
        bench.fresh()
        times[name].append(_pull(f"{name}:dev"))
    ours, theirs = (median(seconds) for seconds in times.values())
    yield Row("first pull and unpack: seconds", _s(ours), _s(theirs), ours / theirs, 1.1)


def _imports(bench: Bench) -> Iterator[Row]:
    times: dict[str, list[float]] = {bench.project.image: [], bench.peer: []}
    for name in times:
        _pull(f"{name}:runtime")
    for name in 2 * (*times, *reversed(times)):
        Path("/proc/sys/vm/drop_caches").write_text("3")
        started = time.monotonic()
        command = ["docker", "run", "--rm", f"{name}:runtime", "python", "-c", STACK]
        subprocess.run(command, check=True)
        times[name].append(time.monotonic() - started)
    ours, theirs = (median(seconds) for seconds in times.values())
    yield Row("cold import of the stack: seconds", _s(ours), _s(theirs), ours / theirs, 1.1)


def _one_package_more(bench: Bench) -> Iterator[Row]:
    names = (bench.project.image, bench.peer)
    before = {name: bench.blobs(name) for name in names}
    bench.project.add_dependency(MORE)
    bench.lock()
    seconds = (bench.push(), bench.push_peer())
    ours, theirs = (
        sum(size for digest, size in bench.blobs(name).items() if digest not in before[name])
        for name in names
    )
    title = f"add {MORE}: bytes pushed, times fewer"
    yield Row(title, _mb(ours), _mb(theirs), theirs / ours, 300, more_is_better=True)
    ratio = seconds[1] / seconds[0]
    yield Row(
        f"add {MORE}: seconds, times faster",
        _s(seconds[0]),
        _s(seconds[1]),
        ratio,
        4,
        more_is_better=True,
    )


def _nothing_changed(bench: Bench) -> Iterator[Row]:
    name = bench.project.image
    bench.fresh()
    whole = _pull(f"{name}:dev")
    decided = bench.push()
    pulled = _pull(f"{name}:dev")
    yield Row(
        "nothing changed: until pulled, against a pull",
        _s(decided + pulled),
        _s(whole),
        (decided + pulled) / whole,
        1.3,
    )
    started = time.monotonic()
    again = image.push(bench.project.folder, bench.cloud)
    ours = time.monotonic() - started
    asked = _timed(["docker", "buildx", "imagetools", "inspect", "--raw", f"{name}:dev"])
    if again.ran or again.log.count("is there already") != len(image.TARGETS):
        sys.exit(f"a build was started:\n{again.log}")
    yield Row(
        "code-only commit: until 'no build', one request", _s(ours), _s(asked), ours / asked, 20
    )
    bench.project.add_dependency(SMALL)
    bench.lock()
    image.publish(bench.project.folder, bench.cloud)
    update = _pull(f"{name}:dev")
    title = f"update of a pulled image, {SMALL}: times faster"
    yield Row(title, _s(update), _s(whole), whole / update, 20, more_is_better=True)


def _big_package(bench: Bench) -> Row:
    name = bench.project.image
    with _newer.channel(BIG) as (size, config):
        before = bench.blobs(name)
        old = os.environ["XDG_CONFIG_HOME"]
        os.environ["XDG_CONFIG_HOME"] = str(config)
        bench.project.strata("lock", *bench.here.lock_options, "--update", BIG)
        bench.push()
        os.environ["XDG_CONFIG_HOME"] = old
    new = sum(s for digest, s in bench.blobs(name).items() if digest not in before)
    return Row(f"upgrade {BIG}: bytes pushed, its size", _mb(new), _mb(size), new / size, 1.2)


def _memory(bench: Bench) -> Row:
    """Of ``strata layers``: the environment dev against default, a third of it."""
    ours, theirs = (
        apart(_peak, environment, bench.project.folder, bench.out / f"layers-{environment}")
        for environment in ("dev", "default")
    )
    title = "memory of strata layers, 153 packages against 54"
    return Row(title, f"{ours:.0f} MB", f"{theirs:.0f} MB", ours / theirs, 1.2)


def _peak(environment: str, project: Path, out: Path) -> float:
    runs = Runs()
    once((*STRATA, "layers", "--env", environment, "--out", str(out)), runs, project)
    shutil.rmtree(out)
    return runs.peak


def _pull(reference: str) -> float:
    return _timed(["docker", "pull", "--quiet", reference])


def _timed(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - started


def _s(seconds: float) -> str:
    return f"{seconds:.1f} s"


def _mb(count: int) -> str:
    return f"{count / 1e6:.2f} MB"


if __name__ == "__main__":
    show(rows, "layers", "one layer")
