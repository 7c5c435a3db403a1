"""What ``--slim`` leaves out of the template's own environment, by class, unpacked."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks._measure import STRATA, once
from conda_strata.image.slim import CLASSES, left_out
from demo import surroundings
from demo.project import generate


def main() -> int:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        here = surroundings.find(Path(temporary) / "wheels")
        project = generate(Path(temporary), here.answers)
        project.strata("lock", *here.lock_options)
        print(f"{'':<10}{'':<20}{'files':>8}{'bytes':>12}{'of all':>9}")
        for environment in ("default", "dev"):
            out = Path(temporary) / environment
            once((*STRATA, "layers", "--env", environment, "--out", str(out)), cwd=project.folder)
            files, sizes = Counter[str](), Counter[str]()
            for layer in out.iterdir():
                top = layer / "opt/env"
                for file in top.rglob("*"):
                    if file.is_file() and not file.is_symlink():
                        kind = left_out(file.relative_to(top).as_posix()) or "what stays"
                        files[kind] += 1
                        sizes[kind] += file.stat().st_size
            for kind in (*CLASSES, "what stays"):
                share = sizes[kind] / sizes.total()
                print(
                    f"{environment:<10}{kind:<20}{files[kind]:>8}{sizes[kind] / 1e6:>9.1f} MB"
                    f"{share:>9.1%}"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
