import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

PROJECT = Path(__file__).parents[1]
NOTEBOOKS = sorted((PROJECT / "analyses").glob("*.ipynb"))

# Text that the outputs of a notebook must contain.
EXPECTED{% if cookiecutter.example == 'no' %}: dict[str, list[str]]{% endif %} = {{ '{"01-penguins.ipynb": ["342 of 344 penguins", "Chinstrap 68"]}' if cookiecutter.example == 'yes' else '{}' }}


@pytest.fixture
def kernel_surroundings(monkeypatch, tmp_path):
    """Let the kernel import the package, and write nothing outside of *tmp_path*."""
    path = [str(PROJECT / "src"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.mark.usefixtures("kernel_surroundings")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_start_to_end(path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        timeout=300,
    )
    client.execute()

    # With its figures, to look at: CI keeps this folder, git does not.
    if os.access(kept := PROJECT / "reports", os.W_OK):
        nbformat.write(notebook, kept / path.name)

    outputs = str([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    assert [text for text in EXPECTED.get(path.name, []) if text not in outputs] == []

{%- if cookiecutter.example == 'yes' %}


def test_there_are_notebooks():
    assert {path.name for path in NOTEBOOKS} >= EXPECTED.keys()
{%- endif %}
