"""The report in a real browser, as a manager opens it: on a wide screen, and on a phone."""

from __future__ import annotations

import os
from pathlib import Path

from demo import image
from rig.browser import look

from .conftest import Built


def test_the_report_can_be_read_everywhere(built: Built, tmp_path: Path) -> None:
    """Light and dark, 1280 and 390 pixels: nothing to scroll sideways, no barrier, no request."""
    folder = built.project.folder
    digest = image.digests(built.first.output)["runtime"]
    name = f"{built.project.image}@{digest}"
    words = ["python", "-m", built.project.package, "--resamples=5", "--out=in-browser"]
    done = image.run(name, folder, "env", f"IMAGE_DIGEST={name}", "GITHUB_SHA=5ca1ab1e", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found = look("report.js", os.fspath(folder / "in-browser/report.html"), os.fspath(tmp_path))
    assert found.keys() == {"1280 light", "1280 dark", "390 light", "390 dark"}
    for screen, shown in found.items():
        assert shown["trouble"] == [], screen
        assert shown["violations"] == [], screen
        assert shown["width"] == int(screen.split()[0])
        assert [(f["drawn"], f["vector"]) for f in shown["figures"]] == [(True, True)] * 2
        assert all(len(figure["alternative"]) > 40 for figure in shown["figures"])
        assert name in shown["footer"].replace("\n", "")
        assert "5ca1ab1e" in shown["footer"]
    assert found["390 light"]["background"] != found["390 dark"]["background"]
