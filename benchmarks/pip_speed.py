"""What a ``pip:`` list adds to ``strata lock``, against uv resolving the same list alone.

The Python index is PyPI, with uv's cache warm; conda's part is a real project on real repodata.
The other side is one ``uv pip compile`` for each of the four platforms, at once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import _measure, _slice

TIMES = 5
PACKAGES = ("mkdocs-material", "scikit-lego", "great-tables")
TARGETS = (
    "x86_64-manylinux_2_28",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
ALONE = """
import subprocess, sys, uv
compile = [uv.find_uv_bin(), "pip", "compile", "-", "-q", "--no-header", "--only-binary=:all:"]
compile += [f"--python={sys.executable}", "--python-version=3.13", "--format=pylock.toml"]
packages, targets = (words.split() for words in sys.argv[1:])
runs = [
    subprocess.Popen([*compile, f"--python-platform={target}"], stdin=-1, stdout=-3, text=True)
    for target in targets
]
for run in runs:
    run.communicate("\\n".join(packages))
    assert run.returncode == 0
"""


def main() -> int:
    """Measure the lock with and without the list, and uv alone."""
    if _slice.missing():
        return 0
    print(_measure.machine())
    with tempfile.TemporaryDirectory() as name, _slice.project(Path(name)) as project:
        plain = project / "environment.yml"
        listed = project / "with-pip.yml"
        head, _, tail = plain.read_text("utf-8").partition("\nplatforms:")
        entries = "".join(f"\n  - {package}" for package in PACKAGES)
        listed.write_text(f"{head}\n- pip:{entries}\nplatforms:{tail}", "utf-8")
        commands = {
            "strata lock": [*_measure.STRATA, "lock", "--lock=a.lock"],
            "strata lock with a pip: list": [*_measure.STRATA, "lock", "-f", listed.name],
            "uv alone, four platforms at once": [
                *(sys.executable, "-c", ALONE),
                *(" ".join(PACKAGES), " ".join(TARGETS)),
            ],
        }
        try:
            for command in commands.values():
                _measure.once(command, cwd=project)
        except subprocess.CalledProcessError:
            print("skipped: PyPI cannot be reached from here")
            return 0

        def no_lock() -> None:
            for file in project.glob("*.lock"):
                file.unlink()

        measured = _measure.alternate(commands, TIMES, cwd=project, before=no_lock)
    _measure.table("a pip: list beside 500 conda packages", measured)
    without, with_list, alone = (runs.median for runs in measured.values())
    _measure.ratio("what the list adds ÷ uv alone", (with_list - without) / alone, 2.5)
    return 0


if __name__ == "__main__":
    sys.exit(main())
