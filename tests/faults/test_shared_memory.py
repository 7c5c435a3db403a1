"""A machine whose ``/dev/shm`` cannot be written: Python has no semaphores there for its processes."""

from __future__ import annotations

import base64
import random
from pathlib import Path

from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support import read_only

SHARED = Path("/dev/shm")  # noqa: S108
SEMAPHORE = "import multiprocessing; multiprocessing.get_context('spawn').Lock()"


def test_packages_are_unpacked_one_after_the_other(
    strata: Strata, project: Path, tmp_path: Path
) -> None:
    """Packages so large that processes would unpack them side by side."""
    without = read_only.python(SHARED, "-c", SEMAPHORE)
    assert "Read-only file system" in without.stderr, "this Python needs no /dev/shm"
    channel = HandMadeChannel(tmp_path / "large")
    for name in ("one", "two"):
        # Random, so that the archives are as large.
        text = base64.b64encode(random.Random(name).randbytes(18 << 20))  # noqa: S311
        channel.add(name, files={f"share/{name}.txt": text.decode()})
    channel.index()
    write_environment(project, channel, ["one", "two"])
    assert strata("lock").returncode == 0
    done = read_only.python(SHARED, "-m", "conda_strata", "install")
    assert done.returncode == 0, done.stderr
    assert {file.stem for file in (project / ".conda/share").glob("*.txt")} == {"one", "two"}
