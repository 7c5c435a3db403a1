"""All tests, ``python -m tests``: those that share the one rig, and beside them the others."""

from __future__ import annotations

import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest", "-m")


def main() -> int:
    """Run both halves at once, show one after the other, and return the worse exit code."""
    with tempfile.TemporaryFile("w+") as log:
        with subprocess.Popen([*PYTEST, "not cloud"], stdout=log, stderr=log) as others:
            code = subprocess.run([*PYTEST, "cloud", "--durations=15"], check=False).returncode
        log.seek(0)
        print(log.read())
    return max(code, others.returncode)


if __name__ == "__main__":
    sys.exit(main())
