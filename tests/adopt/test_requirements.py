"""The requirements of a repository: those that can be locked are kept, the others are named."""

from __future__ import annotations

from pathlib import Path

from conda_strata.adopt.repository import Repository


def test_lines_are_read_as_pip_reads_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'bees'\ndependencies = ['attrs']\n")
    (tmp_path / "requirements.txt").write_text(
        "# what we use\nrich \\\n  >=13  # tables\n-r more.txt\nbees @ git+https://example.org/b\n"
        "wax @ https://example.org/wax-1.0-py3-none-any.whl\nhoney @ https://example.org/h.tar.gz\n"
        "attrs\nnumpy=1\n"
    )
    found = Repository(tmp_path).requirements()
    wheel = "wax @ https://example.org/wax-1.0-py3-none-any.whl"
    assert [" ".join(line.split()) for line in found.plain] == ["attrs", "rich >=13", wheel]
    assert [line.split()[0] for line in found.other] == ["-r", "bees", "honey", "numpy=1"]
