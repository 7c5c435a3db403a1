"""A generated project, as a scientist would have it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Project:
    """A generated project.

    Attributes
    ----------
    folder
        Where it is.
    package
        The name of its Python package.
    image
        The name of its image, without a tag.
    """

    folder: Path
    package: str
    image: str

    def add_dependency(self, name: str) -> None:
        """Add a package to ``environment.yml``, as its last line."""
        file = self.folder / "environment.yml"
        file.write_text(f"{file.read_text('utf-8').rstrip()}\n  - {name}\n", "utf-8")

    def strata(self, *words: str) -> None:
        """Run ``strata`` in the project's folder; its output is shown.

        Raises
        ------
        subprocess.CalledProcessError
            When it fails.
        """
        subprocess.run([sys.executable, "-m", "conda_strata", *words], cwd=self.folder, check=True)


def generate(out: Path, answers: Mapping[str, str]) -> Project:
    """Generate a project with the template's default answers, but for *answers*."""
    folder = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        output_dir=str(out),
        extra_context=dict(answers),
        default_config=True,
        accept_hooks=True,
    )
    project = Path(folder)
    (package,) = (p.name for p in (project / "src").iterdir() if (p / "__init__.py").exists())
    owner = answers.get("github_owner", "your-github-name")
    return Project(project, package, f"{answers['registry']}/{owner}/{project.name}".lower())
