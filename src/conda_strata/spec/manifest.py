"""The manifest: what the environment files of a project ask for.

Each file is a plain conda ``environment.yml``. ``environment.yml`` describes the environment
``default``; ``environment-NAME.yml`` beside it describes ``NAME``, which contains ``default``.
``platforms:`` lists the subdirs to lock for, as conda-lock has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from conda_strata.core.errors import UsageError
from conda_strata.spec import (
    channel_names,
    environment_file,
    requirement,
    virtual_packages,
)
from conda_strata.spec.dependency import Spec
from conda_strata.spec.platforms import VIRTUAL_PACKAGES
from conda_strata.spec.refusals import Refusals
from conda_strata.spec.virtual_packages import VirtualPackages

__all__ = ["DEFAULT", "DEFAULT_PLATFORMS", "Manifest", "Spec", "find", "load"]

DEFAULT = "default"
_NONE: Mapping[str, Any] = MappingProxyType({})
_PYPI = "https://pypi.org/simple"

_CONVERTIBLE = ("pixi.toml", "pyproject.toml", "requirements.txt", "conda-lock.yml")

DEFAULT_PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64")


class Manifest(NamedTuple):
    """What the environment files ask for.

    Attributes
    ----------
    environments
        Environment name to the conda specs its own file lists, ``default`` first.
    channels
        Channel names or URLs, highest priority first.
    platforms
        Subdirs to lock for.
    files
        The files it was read from.
    pip
        Environment name to the requirements of its own file's ``pip:`` list.
    constraints
        What the ``pip:`` lists of all environments limit without asking for it.
    pip_options
        What they say to uv: the indexes, and whether early versions may be taken.
    pip_hashes
        Requirement to the SHA-256 that its wheel may have, where a requirements file says so.
    variables
        Environment name to the variables its own file sets.
    exclude_newer
        The youngest a package may be: a date, or a time span such as ``7d``.
    virtual_packages
        Subdir to what its machines are assumed to have.
    link_scripts
        Environment name to the packages whose post-link scripts its own file allows.
    built
        Normalized names of the packages that are built from their sources.
    """

    environments: dict[str, tuple[Spec, ...]]
    channels: tuple[str, ...]
    platforms: tuple[str, ...]
    files: tuple[Path, ...]
    pip: Mapping[str, tuple[Spec, ...]] = _NONE
    variables: Mapping[str, Mapping[str, str]] = _NONE
    exclude_newer: str | None = None
    virtual_packages: Mapping[str, VirtualPackages] = VIRTUAL_PACKAGES
    link_scripts: Mapping[str, tuple[Spec, ...]] = _NONE
    constraints: tuple[Spec, ...] = ()
    pip_options: tuple[str, ...] = ()
    pip_hashes: Mapping[str, frozenset[str]] = _NONE
    built: frozenset[str] = frozenset()

    @property
    def indexes(self) -> tuple[str, ...]:
        """The Python indexes that the files name, the default one first; none where they name none."""
        named = list(zip(self.pip_options, self.pip_options[1:], strict=False))
        extra = [url for word, url in named if word == "--extra-index-url"]
        default = [url for word, url in named if word == "--default-index"]
        return (*(default or [_PYPI]), *extra) if default or extra else ()

    def specs(self, environment: str, subdir: str) -> list[Spec]:
        """Return the conda specs of *environment* on *subdir*, those of ``default`` included."""
        return self._with_default(self.environments, environment, subdir)

    def all_specs(self, subdir: str) -> list[Spec]:
        """Return the conda specs of all environments on *subdir*: what is solved together."""
        return [s for own in self.environments.values() for s in own if s.applies(subdir)]

    def requirements(self, environment: str, subdir: str) -> list[Spec]:
        """Return the pip requirements of *environment* on *subdir*, ``default``'s included."""
        return self._with_default(self.pip, environment, subdir)

    def allowed_scripts(self, environment: str, subdir: str) -> list[Spec]:
        """Return the packages whose post-link scripts may run, those of ``default`` included."""
        return self._with_default(self.link_scripts, environment, subdir)

    def environment_variables(self, environment: str) -> dict[str, str]:
        """Return the variables of *environment*, those of ``default`` included."""
        return {**self.variables.get(DEFAULT, {}), **self.variables.get(environment, {})}

    @staticmethod
    def _with_default(
        lists: Mapping[str, tuple[Spec, ...]], environment: str, subdir: str
    ) -> list[Spec]:
        names = dict.fromkeys((DEFAULT, environment))
        return [s for name in names for s in lists.get(name, ()) if s.applies(subdir)]


def find(folder: Path) -> list[Path]:
    """Return the environment files of *folder*: ``environment.yml``, then ``environment-*.yml``."""
    first = [folder / "environment.yml"] if (folder / "environment.yml").exists() else []
    return first + sorted(folder.glob("environment-*.yml"))


def convertible(folder: Path) -> Path | None:
    """Return the file of another tool that an environment file can be made of, if there is one."""
    files = (folder / name for name in _CONVERTIBLE)
    return next((file for file in files if file.exists()), None)


def load(files: Sequence[Path], edited: Mapping[Path, str] | None = None) -> Manifest:
    """Read the environment files, and ``virtual-packages.yml`` beside the first of them.

    Parameters
    ----------
    files
        The environment files.
    edited
        The text of those that are about to be written.

    Raises
    ------
    UsageError
        When there is no file to read.
    ManifestError
        When a file is not an environment file; the message names file and line.
    """
    if not files:
        raise UsageError(
            "no environment.yml here",
            "Its name ends in .yml here: rename environment.yaml, or name it: -f environment.yaml."
            if Path("environment.yaml").exists()
            else f"'strata convert --write' makes it from {other}."
            if (other := convertible(Path()))
            else "Run strata in the project's folder, or name the file: -f.",
        )
    read: dict[str, environment_file.EnvironmentFile] = {}
    refusals = Refusals()
    for file in files:
        name = _environment_name(file)
        if name in read:
            raise UsageError(f"{file} describes the environment {name!r} a second time")
        with refusals.collected():
            read[name] = environment_file.read(file, (edited or {}).get(file))
    assumed: dict[str, VirtualPackages] = {}
    with refusals.collected():
        assumed = virtual_packages.load(files[0].parent)
    options: tuple[str, ...] = ()
    with refusals.collected():
        options = _options([words for one in read.values() for words in one.pip.options], files)
    refusals.raise_all()
    if DEFAULT in read:
        read = {DEFAULT: read.pop(DEFAULT), **read}
    channels = channel_names.each_once(c for one in read.values() for c in one.channels)
    subdirs = dict.fromkeys(p for one in read.values() for p in one.platforms)
    cutoffs = [one.exclude_newer for one in read.values() if one.exclude_newer]
    lists = [one.pip for one in read.values()]
    return Manifest(
        {name: tuple(one.specs) for name, one in read.items()},
        tuple(channels) or ("conda-forge",),
        tuple(subdirs) or DEFAULT_PLATFORMS,
        tuple(files),
        {name: tuple(one.pip.specs) for name, one in read.items() if one.pip.specs},
        {name: one.variables for name, one in read.items() if one.variables},
        cutoffs[0] if cutoffs else None,
        assumed,
        {name: tuple(one.link_scripts) for name, one in read.items() if one.link_scripts},
        tuple(spec for one in lists for spec in one.constraints),
        options,
        {text: sums for one in lists for text, sums in one.hashes.items()},
        frozenset(requirement.normalized(spec.text) for one in read.values() for spec in one.build),
    )


def _options(found: Sequence[tuple[str, ...]], files: Sequence[Path]) -> tuple[str, ...]:
    """Return the words for uv of all lists, which are resolved together."""
    if not found:
        return ()
    from conda_strata.spec import pip_options

    kept = list(dict.fromkeys(found))
    for position, words in enumerate(kept):
        pip_options.refuse_second_index(words, kept[:position], ", ".join(map(str, files)))
    return tuple(word for words in kept for word in words)


def _environment_name(file: Path) -> str:
    name = file.stem.removeprefix("environment-")
    return DEFAULT if name == file.stem else name
