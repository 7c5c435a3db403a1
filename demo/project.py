"""A generated project, as a scientist would have it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def lock_only_for(self, platforms: Sequence[str]) -> None:
        """Make these the platforms of ``environment.yml``."""
        file = self.folder / "environment.yml"
        listed = "".join(f"  - {name}\n" for name in platforms)
        before = file.read_text("utf-8")
        after = re.sub(r"(?<=^platforms:\n)(  - .*\n)+", listed, before, flags=re.MULTILINE)
        file.write_text(after, "utf-8")

    def strata(self, *words: str) -> None:
        """Run ``strata`` in the project's folder; its output is shown.

        Raises
        ------
        subprocess.CalledProcessError
            When it fails.
        """
        subprocess.run([sys.executable, "-m", "conda_strata", *words], cwd=self.folder, check=True)


def generate(out: Path, answers: Mapping[str, str]) -> Project:
    """Generate a project with the template's default answers, but for *answers*.

    What the template says at its end is left out: the caller goes on by itself.

    Raises
    ------
    subprocess.CalledProcessError
        When cookiecutter fails; what it said is in ``stderr``.
    """
    before = set(out.iterdir())
    options = ["--no-input", "--default-config", "--accept-hooks=yes", f"--output-dir={out}"]
    given = [f"{name}={value}" for name, value in answers.items()]
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", *options, str(TEMPLATE), *given],
        capture_output=True,
        text=True,
        check=True,
    )
    (project,) = set(out.iterdir()) - before
    (package,) = (p.name for p in (project / "src").iterdir() if (p / "__init__.py").exists())
    owner = answers.get("github_owner", "your-github-name")
    return Project(project, package, f"{answers['registry']}/{owner}/{project.name}".lower())
