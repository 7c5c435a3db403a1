"""A project with a lock: the one that is named, or the template's own, whose packages the rig has."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks._measure import STRATA, once
from demo import surroundings
from demo.project import generate


def asked(about: str) -> Path | None:
    """Return the project that the command line names."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("project", nargs="?", type=Path, help="a folder with strata.lock")
    found = parser.parse_args().project
    return found.resolve() if found else None


@contextmanager
def project(named: Path | None) -> Iterator[Path]:
    """Yield the folder of the named project, or of a new one."""
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory() as temporary:
        here = surroundings.find(Path(temporary) / "wheels")
        new = generate(Path(temporary), here.answers)
        new.strata("lock", *here.lock_options)
        yield new.folder


@contextmanager
def layers(project: Path, environment: str) -> Iterator[list[Path]]:
    """Yield the folders of an environment's layers; empty ones are left out."""
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "layers"
        once((*STRATA, "layers", "--env", environment, "--out", str(out)), cwd=project)
        yield [folder for folder in sorted(out.iterdir()) if any(folder.iterdir())]
