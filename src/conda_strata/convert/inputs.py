"""Which file of another tool is converted, and by whom it is read."""

from __future__ import annotations

from pathlib import Path

from conda_strata.convert import tables
from conda_strata.convert.draft import Drafts
from conda_strata.core.errors import UsageError
from conda_strata.spec.manifest import convertible

_LOCKS = (".lock", ".yml", ".yaml")


def convert(file: Path) -> Drafts:
    """Return the environment files that *file* makes.

    Raises
    ------
    UsageError
        When it is none that is read, or holds no dependencies.
    ManifestError
        When it cannot be read.
    LockError
        When it is a lock that cannot be read.
    """
    drafts = Drafts(file)
    if file.suffix == ".txt":
        from conda_strata.convert.python_files import add_requirements
        from conda_strata.spec import limited_text

        limited_text.read(file)
        add_requirements(drafts)
    elif file.suffix == ".toml":
        _add_toml(drafts)
    elif file.suffix in _LOCKS and file.name not in {"environment.yml", "environment.yaml"}:
        from conda_strata.convert.locks import add_lock

        add_lock(drafts)
    else:
        raise UsageError(
            f"{file} is none of the files that are converted",
            "Name a requirements.txt, pyproject.toml, pixi.toml, conda-lock.yml or pixi.lock.",
        )
    return drafts


def found(folder: Path) -> Path:
    """Return the file of *folder* that is converted where none is named.

    Raises
    ------
    UsageError
        When there is none.
    """
    if file := convertible(folder):
        return file
    raise UsageError(
        "no requirements.txt, pyproject.toml, pixi.toml or conda-lock.yml here", "Name the file."
    )


def _add_toml(drafts: Drafts) -> None:
    from conda_strata.convert.pixi import add_workspace
    from conda_strata.convert.python_files import add_project
    from conda_strata.spec import limited_toml

    content = limited_toml.load(drafts.source)
    pixi = tables.table(content, "tool", "pixi")
    is_pixi = bool({"workspace", "dependencies", "feature"} & content.keys()) and not pixi
    if is_pixi or pixi:
        add_workspace(drafts, content if is_pixi else pixi)
    known = {"project", "dependency-groups"} & content.keys()
    if not is_pixi and (known or not pixi):
        if not known and not tables.table(content, "tool", "poetry"):
            raise UsageError(
                f"{drafts.source} has no dependencies: neither [project], [dependency-groups] nor "
                "[tool.pixi]",
                "Name another file.",
            )
        add_project(drafts, content)
