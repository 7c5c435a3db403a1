"""A project on the rig that is pushed and pulled in both ways, and the table of what that took."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import rig
from benchmarks import _link
from benchmarks._measure import machine
from demo import image, surroundings
from demo.project import generate
from rig.machine.link import Link

_PEER = "type=image,push=true,compression=zstd,oci-mediatypes=true"


@dataclass(frozen=True)
class Row:
    """One line of the table: a measured ratio, and what it should be."""

    scenario: str
    ours: str
    theirs: str
    ratio: float
    goal: float
    more_is_better: bool = False

    def __str__(self) -> str:
        """Return the row as it is printed."""
        held = self.ratio >= self.goal if self.more_is_better else self.ratio <= self.goal
        sign = "≥" if self.more_is_better else "≤"
        verdict = "reached" if held else "MISSED"
        goal = f"{sign} {self.goal:g}"
        return f"{self.scenario:<52}{self.ours:>12}{self.theirs:>12}{self.ratio:>9.2f}{goal:>8} {verdict}"


class Bench:
    """A project on the rig, to be pushed in both ways.

    *far* is whether the registry is behind a link.
    """

    def __init__(self, out: Path, here: surroundings.Surroundings, *, far: bool) -> None:
        assert here.cloud is not None
        self.out = out
        self.here = here
        self.cloud = here.cloud
        self.far = far
        owner = {"github_owner": f"bench-{time.time_ns()}"}
        self.project = generate(out, self.here.answers | owner)
        self.peer = f"{self.project.image}-one-layer"
        self.lock()

    def lock(self) -> None:
        """Solve what has changed."""
        self.project.strata("lock", *self.here.lock_options)

    def push(self) -> float:
        """Push in layers from a fresh machine and return the seconds."""
        self.fresh()
        started = time.monotonic()
        tools = self.out / f"tools-{time.time_ns()}"
        uv = ["uv", "tool", "install", "--quiet", "--no-cache", self._wheel()]
        places = {"UV_TOOL_DIR": str(tools), "UV_TOOL_BIN_DIR": str(tools / "bin")}
        subprocess.run(uv, env=os.environ | places, check=True, capture_output=True)
        os.environ["RATTLER_CACHE_DIR"] = str(tools / "packages")
        image.publish(self.project.folder, self.cloud, strata=tools / "bin")
        seconds = time.monotonic() - started
        shutil.rmtree(tools)
        return seconds

    def push_peer(self) -> float:
        """Push with one layer for each environment and return the seconds."""
        self.fresh()
        return sum(
            image.plain_build(
                self.project.folder,
                self.cloud,
                target,
                f"--output={_PEER},name={self.peer}:{target}",
                "--provenance=false",
                "--cache-to=type=inline",
                f"--cache-from=type=registry,ref={self.peer}:{target}",
            ).seconds
            for target in image.TARGETS
        )

    def build(self) -> float:
        """Build both images into Docker, until they run, and return the seconds."""
        started = time.monotonic()
        image.build(self.project.folder, self.cloud)
        self.run(self.project.image)
        return time.monotonic() - started

    def build_peer(self) -> float:
        """Build both into Docker with one layer for each environment, until they run."""
        started = time.monotonic()
        for target in image.TARGETS:
            name = f"one-layer:{target}"
            image.plain_build(self.project.folder, self.cloud, target, "--load", "--tag", name)
        self.run("one-layer")
        return time.monotonic() - started

    def run(self, name: str) -> None:
        """Start a Python in the image dev."""
        command = ["docker", "run", "--rm", f"{name}:dev", "python", "-c", "import pandas"]
        subprocess.run(command, check=True, capture_output=True)

    def fresh(self) -> None:
        """Forget all but what the registry holds.

        A layer of any image that is left would not be pulled: the base's, or an earlier project's.
        """
        prune = ["docker", "image", "prune", "--all", "--force"]
        subprocess.run(prune, check=True, capture_output=True)
        kept = ["docker", "ps", "--all", "--format", "  {{.Names}}  {{.Image}}  {{.Status}}"]
        if containers := subprocess.run(kept, capture_output=True, text=True, check=True).stdout:
            sys.exit(f"containers keep their images; remove them (docker rm):\n{containers}")
        image.forget(())

    @contextmanager
    def cold(self) -> Iterator[None]:
        """Use an empty cache of strata's, and the old one afterwards."""
        before = os.environ.get("RATTLER_CACHE_DIR")
        with tempfile.TemporaryDirectory() as folder:
            os.environ["RATTLER_CACHE_DIR"] = folder
            yield
        if before is None:
            del os.environ["RATTLER_CACHE_DIR"]
        else:
            os.environ["RATTLER_CACHE_DIR"] = before

    def blobs(self, name: str) -> dict[str, int]:
        """Return digest to size of the blobs of both images."""
        return {d: s for t in image.TARGETS for d, s in image.blobs(f"{name}:{t}").items()}

    def _wheel(self) -> str:
        (wheel,) = (self.out / "wheels").glob("*.whl")
        return str(wheel)


def show(measure: Callable[[Bench], Iterable[Row]], ours: str, theirs: str) -> None:
    """Measure on the rig, and print the table a line at a time; ``RIG_KEEP`` leaves the rig up."""
    link = _asked()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = surroundings.find(folder / "wheels")
        if here.cloud is None or not here.own_docker:
            sys.exit("this needs a Docker daemon of the rig's own, whose cache may be dropped")
        if link:
            here = stack.enter_context(_link.between(here, link))
        bench = Bench(folder, here, far=link is not None)
        docker = ["docker", "version", "--format", "{{.Server.Version}}"]
        version = subprocess.run(docker, capture_output=True, text=True, check=True).stdout.strip()
        print(f"\n{time.strftime('%Y-%m-%d')}: {machine()}, Docker {version}")
        print(f"{link or 'loopback'}: {_link.raw(here.answers['registry'])}")
        print(f"\n{'':<52}{ours:>12}{theirs:>12}{'ratio':>9}{'goal':>8}")
        for row in measure(bench):
            print(row, flush=True)
    if not os.environ.get("RIG_KEEP"):
        rig.down()


def _asked() -> Link | None:
    parser = argparse.ArgumentParser()
    told = "put a link between the registry and all that pushes or pulls, such as 100mbit,20ms"
    parser.add_argument("--link", metavar="RATE,ROUND-TRIP", help=told)
    text = parser.parse_args().link
    try:
        return Link.parse(text) if text else None
    except ValueError as error:
        parser.error(str(error))
