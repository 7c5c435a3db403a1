"""What ``--slim`` leaves out of an environment, by class, unpacked: the template's own, or a project's.

python -m benchmarks.slim [PROJECT]
"""

from __future__ import annotations

import sys
from collections import Counter

from benchmarks import _locked
from conda_strata.image.slim import CLASSES, left_out

ENVIRONMENTS = ("default", "dev")


def main() -> int:
    """Measure and print the table."""
    named = _locked.asked("What --slim leaves out, by class.")
    with _locked.project(named) as project:
        print(f"{'':<10}{'':<20}{'files':>8}{'bytes':>12}{'of all':>9}")
        for environment in ENVIRONMENTS:
            files, sizes = Counter[str](), Counter[str]()
            with _locked.layers(project, environment) as layers:
                for layer in layers:
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
