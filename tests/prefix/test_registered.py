"""``conda env list`` and ``conda doctor`` know the prefix, where the user has conda."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Strata


def test_prefix_is_in_the_list_of_conda_once(strata: Strata, project: Path, tmp_path: Path) -> None:
    listed = tmp_path / ".conda/environments.txt"
    listed.parent.mkdir()
    listed.write_text("/opt/conda")  # without a line end, as an editor may leave it
    strata("lock")
    assert strata("install").returncode == 0
    assert listed.read_text() == f"/opt/conda\n{project}/.conda\n"
    assert strata("install").returncode == 0
    assert listed.read_text() == f"/opt/conda\n{project}/.conda\n"


def test_without_conda_nothing_is_written_at_home(strata: Strata, tmp_path: Path) -> None:
    strata("lock")
    assert strata("install").returncode == 0
    assert not (tmp_path / ".conda").exists()


def test_list_that_cannot_be_changed_is_no_failure(strata: Strata, tmp_path: Path) -> None:
    (tmp_path / ".conda/environments.txt").mkdir(parents=True)
    strata("lock")
    assert strata("install").returncode == 0


def test_notes_of_strata_have_the_modes_of_the_umask(strata: Strata, project: Path) -> None:
    strata("lock")
    strata("install", umask=0o022)
    note = project / ".conda/conda-meta/strata-environment"
    assert note.stat().st_mode & 0o777 == 0o644
