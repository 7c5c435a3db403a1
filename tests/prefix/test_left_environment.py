"""``strata run`` while another environment is active: its programs are neither run nor named."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Strata


def test_program_of_the_environment_that_is_left(strata: Strata, project: Path) -> None:
    strata("lock")
    strata("install")
    program = project / "other/bin/pytest"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho other\n")
    program.chmod(0o755)
    active = {"CONDA_PREFIX": str(project / "other"), "CONDA_SHLVL": "1"}
    refused = strata("run", "--", "pytest", PATH=f"{program.parent}:/usr/bin:/bin", **active)
    assert (refused.returncode, refused.stdout) == (127, "")
    assert "so this runs" not in refused.stderr
    assert refused.stderr.startswith("error: there is no program pytest in ")
