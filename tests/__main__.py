"""All tests, ``python -m tests``: those that share the one rig, and beside them the others."""

from __future__ import annotations

import subprocess
import sys
import tempfile

ON_THE_RIG = ("tests/cloud", "tests/workflows", "tests/rig")
OTHERS = ("tests/strata", "tests/template")
PYTEST = (sys.executable, "-m", "pytest")


def main() -> int:
    """Run both halves at once, show one after the other, and return the worse exit code."""
    with tempfile.TemporaryFile("w+") as log:
        with subprocess.Popen([*PYTEST, *OTHERS], stdout=log, stderr=log) as others:
            code = subprocess.run([*PYTEST, *ON_THE_RIG], check=False).returncode
        log.seek(0)
        print(log.read())
    return max(code, others.returncode)


if __name__ == "__main__":
    sys.exit(main())
