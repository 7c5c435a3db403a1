"""What stops the site's build: ``nox -s site`` runs this, where Sphinx is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="'nox -s site' has Sphinx")

from docs import repository_links

DOCS = Path(__file__).parents[2] / "docs"

PAGES = {
    "a link to a page that is not there": ("[x](missing.md)", "missing.md"),
    "a link to a heading that is not there": ("[x](#missing)", "missing"),
    "a link to a file that is not there": ("[x](missing.py)", "missing.py"),
    "a picture without alternative text": ("![](a.png)", "without alternative text"),
    "a diagram without words": ("```mermaid\nflowchart LR\n  a --> b\n```", "accTitle"),
}


def _build(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "index.md").write_text(f"# Title\n\n{text}\n", "utf-8")
    (folder / "a.png").write_bytes((DOCS / "explanation/replay.png").read_bytes())
    words = ["--builder", "html", "--fail-on-warning", "--conf-dir", str(DOCS)]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *words, str(folder), str(folder / "_build")],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("text", "warning"), PAGES.values(), ids=PAGES)
def test_a_fault_of_a_page_stops_the_build(tmp_path: Path, text: str, warning: str) -> None:
    done = _build(tmp_path, text)

    assert done.returncode, done.stdout
    assert "index.md" in done.stderr
    assert warning in done.stderr


def test_a_good_page_is_built(tmp_path: Path) -> None:
    diagram = "```mermaid\nflowchart LR\n  accTitle: A\n  accDescr: A leads to B\n  a --> b\n```"
    done = _build(tmp_path, f"## More\n\n[x](#more) ![a picture](a.png)\n\n{diagram}")

    assert done.returncode == 0, done.stderr


def test_files_of_the_repository_are_linked_on_github() -> None:
    page = DOCS / "explanation/security.md"
    of = f"{repository_links.REPOSITORY}/blob/main"

    assert repository_links.address(page, "../../LICENSE") == f"{of}/LICENSE"
    assert repository_links.address(page, "../../rig") == of.replace("blob", "tree") + "/rig"
    assert repository_links.address(page, "../../missing.py") is None
    with pytest.raises(ValueError, match="is not in the subpath"):
        repository_links.address(page, "../../../outside")
