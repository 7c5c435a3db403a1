"""What is added to a repository, what is left alone, and what a person has to merge."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from conda_strata.adopt import environment, tools
from conda_strata.adopt.repository import ENVIRONMENTS, SETUPS, Repository

_NOTE = ".cruft.json"
_LINES = (".gitignore", ".gitattributes", ".dockerignore")
_COMMAND = "tests/test_command.py"
_AGAIN = "rename it, and run strata adopt again"
_YOURS = {
    ".github/workflows/ci.yml": f"so no workflow makes the image: {_AGAIN}",
    **{
        f".github/workflows/{name}.yml": f"so the template's is missing: {_AGAIN}"
        for name in ("lock", "security", "template", "upgrade")
    },
    ".devcontainer/devcontainer.json": f"so editors do not open the published image: {_AGAIN}",
    ".devcontainer/Dockerfile": f"and may have no stages 'dev' and 'runtime': {_AGAIN}",
}
"""Files that a repository may have for another purpose, to what follows."""


@dataclass
class Addition:
    """The outcome.

    Attributes
    ----------
    added
        Files that the repository did not have.
    left
        Files of the template that were not added, to the reason.
    merge
        Sentences on what a person has to do; lines of a file follow the sentence.
    """

    added: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    merge: list[str] = field(default_factory=list)


def add(repository: Repository, made: Path, *, dry_run: bool) -> Addition:
    """Copy the files of the project *made* that the repository lacks; change none that it has."""
    done = Addition()
    licence = repository.licence()
    tools.complete(repository, made)
    environment.write_backend(repository, made / "environment-dev.yml")
    for name in sorted(_files(made)):
        if reason := _reason(repository, name):
            done.left[name] = reason
        else:
            done.added.append(name)
    if f"{_package(made)}/__main__.py" not in done.added and _COMMAND in done.added:
        done.added.remove(_COMMAND)
        done.left[_COMMAND] = "it tests a command that is yours"
    done.merge += environment.write(repository, made / "environment.yml", done.added)
    if licence == "other":
        _without_licence(made)
    done.merge += _advice(repository, made, done, licence)
    _note_left(made, done)
    if not dry_run:
        for name in done.added:
            _copy(made / name, repository.folder / name)
    return done


def _files(made: Path) -> Iterator[str]:
    for path in made.rglob("*"):
        name = path.relative_to(made)
        if path.is_file() and name.parts[0] != ".git":
            yield name.as_posix()


def _package(made: Path) -> str:
    return next((made / "src").glob("*/__init__.py")).parent.relative_to(made).as_posix()


def _reason(repository: Repository, name: str) -> str | None:
    """Return why a file is not added, or None."""
    path = PurePosixPath(name)
    top = path.parts[0]
    if top == ".github" and (folder := repository.within()):
        return f"GitHub reads it at the top only, not in {folder}/"
    if there := _there(repository.folder, path):
        return there
    same: dict[str, str | None] = {
        "LICENSE": repository.starting("license", "licence", "copying", "unlicense"),
        "README.md": repository.starting("readme"),
        "CONTRIBUTING.md": repository.starting("contributing"),
        "environment.yml": repository.has(*ENVIRONMENTS),
        "pyproject.toml": repository.has(*SETUPS),
        ".pre-commit-config.yaml": repository.has(".pre-commit-config.yml"),
    }
    if file := same.get(name):
        return f"there is {file}"
    if top == "data" and (repository.folder / "data").exists():
        return "there is data/"
    if (top == "analyses" or path.name == "test_notebooks.py") and repository.notebooks():
        return "there are notebooks elsewhere"
    if top == "tests" and repository.tests():
        return "there are tests"
    if path.name == "py.typed" and (repository.folder / path.parent).exists():
        return "whether the package is typed is for you to say"
    return None


def _there(folder: Path, path: PurePosixPath) -> str | None:
    """Return what stands where a file would be written: itself, or no folder of the repository."""
    here = folder
    for part in path.parts:
        match = next((one for one in _listed(here) if one.casefold() == part.casefold()), None)
        if match is None:
            return None
        here /= match
        if here.is_symlink() or part != match:
            return f"there is {here.relative_to(folder).as_posix()}"
        if here.is_file() and here != folder / path:
            return f"{here.relative_to(folder).as_posix()} is a file"
    return "it is there"


def _listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _without_licence(made: Path) -> None:
    """Leave out what the template says of a licence that it does not know."""
    for name, line in (
        ("pyproject.toml", r"(?m)^license = .*\n"),
        ("CITATION.cff", r"(?m)^license: .*\n"),
    ):
        file = made / name
        if file.exists():
            file.write_text(re.sub(line, "", file.read_text("utf-8")), "utf-8")
    readme = made / "README.md"
    readme.write_text(readme.read_text("utf-8").replace("All rights reserved: see", "See"), "utf-8")


def _advice(
    repository: Repository, made: Path, done: Addition, licence: str | None
) -> Iterator[str]:
    for name in _LINES:
        if name in done.left and (lines := _missing_lines(repository.folder / name, made / name)):
            yield "\n".join([f"{name}: add the lines", *lines])
    yield from tools.advice(repository, made)
    if folder := repository.within():
        yield (
            f"{folder}/: GitHub runs workflows from the top of a repository only, so none makes "
            "the image; 'strata image push' does"
        )
    for name, rest in _YOURS.items():
        ours, theirs = repository.folder / name, made / name
        is_same = ours.is_file() and ours.read_bytes() == theirs.read_bytes()
        if done.left.get(name) == "it is there" and not is_same:
            yield f"{name}: yours stays, {rest}"
    if (setup := repository.has(*SETUPS)) and not repository.has("pyproject.toml"):
        yield f"{setup}: stays what installs the package, so no pyproject.toml was added"
    if repository.has("environment.yaml") and not repository.has("environment.yml"):
        yield "environment.yaml: rename it, 'git mv environment.yaml environment.yml'"
    if repository.notebooks() and not (repository.folder / "analyses").exists():
        yield "notebooks: those in analyses/ would be tested, if tests/test_notebooks.py were there"
    yield from _unknown(repository, licence)


def _unknown(repository: Repository, licence: str | None) -> Iterator[str]:
    """Yield what the repository does not say, or says in a way that the template cannot take."""
    if licence is None:
        yield "LICENSE: there was none, so it says 'all rights reserved'; choose one"
    elif licence == "other":
        yield "licence: the template does not know it; name it in the files that were added"
    python = repository.python()
    if python and int(python.split(".")[1]) < 11:
        yield f"Python {python}: the template is tested with 3.11 and newer"
    if not repository.remote()[0]:
        yield "your-github-name: replace it by the owner, or give --answer github_owner=NAME"


def _missing_lines(ours: Path, theirs: Path) -> list[str]:
    """Return the lines that only the template's file has."""
    if not ours.is_file():
        return []
    have = {line.strip().strip("/") for line in ours.read_text("utf-8", "replace").splitlines()}
    wanted = (line.strip() for line in theirs.read_text("utf-8").splitlines())
    return [w for w in wanted if w and not w.startswith("#") and w.strip("/") not in have]


def _note_left(made: Path, done: Addition) -> None:
    """Tell cruft to pass over what is the person's own."""
    note = made / _NOTE
    if note.exists() and _NOTE in done.added:
        noted = json.loads(note.read_text("utf-8"))
        noted["skip"] = sorted(name for name in done.left if name != _NOTE)
        note.write_text(json.dumps(noted, indent=2) + "\n", "utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("xb") as write:
        shutil.copyfileobj(read, write)
    shutil.copymode(source, target)
