"""zstd against gzip for an environment's layers: pushed, pulled and unpacked, and their size."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import rig
from benchmarks._measure import STRATA
from demo import image, surroundings
from demo.project import generate


def main() -> int:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        here = surroundings.find(Path(temporary) / "wheels")
        if here.cloud is None or not here.own_docker:
            sys.exit("this needs a Docker daemon of the rig's own, whose cache may be dropped")
        project = generate(Path(temporary), here.answers | {"github_owner": f"z-{time.time_ns()}"})
        project.strata("lock", *here.lock_options)
        stand_in = here.cloud.contexts.get(surroundings.DEBIAN, surroundings.DEBIAN)
        base = stand_in.removeprefix("docker-image://")
        names = {kind: f"{project.image}-{kind}:dev" for kind in ("zstd", "gzip")}
        print(f"{'':<6}{'size':>10}{'push':>8}{'pull':>8}")
        project.strata("install", "--env", "dev")
        for kind, name in names.items():
            words = ("push", name, "--base", base, "--env", "dev", "--compression", kind)
            command = [*STRATA, *words]
            started = time.monotonic()
            subprocess.run(command, cwd=project.folder, check=True, capture_output=True)
            pushed = time.monotonic() - started
            layers = image.environment_layers(name)
            blobs = image.blobs(name)
            size = sum(blobs[digest] for digest in layers.values())
            pulls = []
            for _ in range(3):
                image.forget(names.values())
                started = time.monotonic()
                subprocess.run(["docker", "pull", "--quiet", name], check=True, capture_output=True)
                pulls.append(time.monotonic() - started)
            print(
                f"{kind:<6}{size / 1e6:>7.0f} MB{pushed:>6.1f} s{median(pulls):>6.1f} s", flush=True
            )
    return 0


if __name__ == "__main__":
    code = main()
    rig.down()
    sys.exit(code)
