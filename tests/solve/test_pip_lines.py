"""Lines of a ``pip:`` list as people write them: an option and a requirement on one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_strata.core.errors import ManifestError
from conda_strata.spec import manifest

LINKS = "https://download.example.org/whl/torch_stable.html"


def read(folder: Path, line: str) -> list[str]:
    file = folder / "environment.yml"
    file.write_text(f"dependencies:\n  - python\n  - pip:\n      - {line}\n")
    return [spec.text for spec in manifest.load([file]).pip.get("default", ())]


@pytest.mark.parametrize(
    ("line", "said", "fix"),
    [
        (f"torch==1.7.1+cu110 -f {LINKS}", "-f stands behind", "Write '- -f …' as a line"),
        (f"torch --find-links={LINKS}", "--find-links stands behind", "Write '- --find-links …'"),
        ("torch --pre", "--pre stands behind", "Write '- --pre …' as a line"),
        ("torch --no-deps", "--no-deps stands behind", "Take it out"),
        (f"--extra-index-url {LINKS} torch==2.0", "what stands behind --extra", "Write --extra-in"),
        ("--pre torch", "what stands behind --pre", "Write --pre on a line of its own"),
    ],
)
def test_option_and_requirement_on_one_line(tmp_path: Path, line: str, said: str, fix: str) -> None:
    """Pip leaves one of the two out without a word."""
    with pytest.raises(ManifestError) as refused:
        read(tmp_path, line)
    assert f"environment.yml:4: {said}" in refused.value.what
    assert fix in (refused.value.fix or "")


@pytest.mark.parametrize(
    "line", ["'-r file:requirements.txt'", "--requirement file:requirements.txt"]
)
def test_path_as_a_url(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text("rich >=13 ; python_version >= '3.9'  # -f\n")
    assert read(tmp_path, line) == ["rich >=13 ; python_version >= '3.9'"]


def test_names_with_dashes_are_no_options(tmp_path: Path) -> None:
    assert read(tmp_path, "scikit-learn >=1") == ["scikit-learn >=1"]
