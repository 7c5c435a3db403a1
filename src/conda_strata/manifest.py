"""The manifest: what the environment files of a project ask for.

Each file is a plain conda ``environment.yml``. ``environment.yml`` describes the environment
``default``; ``environment-NAME.yml`` beside it describes ``NAME``, which contains ``default``.
``platforms:`` lists the subdirs to lock for, as conda-lock has it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from conda_strata import platforms
from conda_strata.errors import ManifestError, UsageError

DEFAULT = "default"
DEFAULT_PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64")
_KNOWN = {"name", "channels", "platforms", "dependencies"}


class ManifestWarning(UserWarning):
    """Something in an environment file is passed over."""


@dataclass(frozen=True)
class Spec:
    """One line of ``dependencies:``: a conda MatchSpec and where it was written."""

    text: str
    file: Path
    line: int

    @property
    def where(self) -> str:
        """The place of the spec, as ``file:line``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Manifest:
    """What the environment files ask for.

    Attributes
    ----------
    environments
        Environment name to the specs its own file lists, ``default`` first.
    channels
        Channel names or URLs, highest priority first.
    platforms
        Subdirs to lock for.
    files
        The files it was read from.
    """

    environments: dict[str, tuple[Spec, ...]]
    channels: tuple[str, ...]
    platforms: tuple[str, ...]
    files: tuple[Path, ...]

    def specs(self, environment: str) -> tuple[Spec, ...]:
        """Return the specs of *environment*, those of ``default`` included."""
        own = self.environments[environment]
        return own if environment == DEFAULT else self.environments.get(DEFAULT, ()) + own

    @property
    def all_specs(self) -> tuple[Spec, ...]:
        """The specs of all environments: what is solved together."""
        return tuple(spec for own in self.environments.values() for spec in own)


def find(folder: Path) -> list[Path]:
    """Return the environment files of *folder*: ``environment.yml``, then ``environment-*.yml``."""
    first = [folder / "environment.yml"] if (folder / "environment.yml").exists() else []
    return first + sorted(folder.glob("environment-*.yml"))


def load(files: Sequence[Path]) -> Manifest:
    """Read the environment files.

    Raises
    ------
    UsageError
        When there is no file to read.
    ManifestError
        When a file is not an environment file; the message names file and line.
    """
    if not files:
        raise UsageError(
            "no environment.yml here", "Run strata in the project's folder, or name the file: -f."
        )
    environments: dict[str, tuple[Spec, ...]] = {}
    channels: list[str] = []
    subdirs: list[str] = []
    for file in files:
        name = _environment_name(file)
        if name in environments:
            raise UsageError(f"{file} describes the environment {name!r} a second time")
        fields = dict(_fields(file))
        environments[name] = tuple(_specs(file, fields.get("dependencies")))
        channels += [c for c in _channels(file, fields.get("channels")) if c not in channels]
        subdirs += [p for p in _platforms(file, fields.get("platforms")) if p not in subdirs]
    if DEFAULT in environments:
        environments = {DEFAULT: environments.pop(DEFAULT), **environments}
    return Manifest(
        environments,
        tuple(channels) or ("conda-forge",),
        tuple(subdirs) or DEFAULT_PLATFORMS,
        tuple(files),
    )


def _environment_name(file: Path) -> str:
    stem = file.stem
    return DEFAULT if stem == "environment" else stem.removeprefix("environment-")


def _fields(file: Path) -> Iterator[tuple[str, yaml.Node]]:
    try:
        root = yaml.compose(file.read_text("utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ManifestError(f"{file} does not exist", "Name the environment file: -f.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file} cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ManifestError(
            f"{file}:{line}: not YAML: {error.problem}", "Check the indentation and the quotes."
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise ManifestError(
            f"{file}:1: an environment file is a mapping", "It starts with 'dependencies:'."
        )
    seen: set[str] = set()
    for key, value in root.value:
        if key.value in seen:
            raise ManifestError(f"{_at(file, key)}: {key.value!r} stands here a second time")
        seen.add(key.value)
        if key.value in _KNOWN:
            yield key.value, value
        else:
            warnings.warn(
                f"{_at(file, key)}: {key.value!r} is not used by strata",
                ManifestWarning,
                stacklevel=2,
            )


def _specs(file: Path, node: yaml.Node | None) -> Iterator[Spec]:
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    for item in _items(file, node, "dependencies"):
        try:
            MatchSpec(item.value)
        except InvalidMatchSpecError as error:
            reason = str(error).splitlines()[0]
            raise ManifestError(
                f"{_at(file, item)}: {item.value!r} is no package spec: {reason}",
                "Write it like 'numpy', 'numpy >=2' or 'numpy =2.1'.",
            ) from error
        yield Spec(item.value, file, item.start_mark.line + 1)


def _channels(file: Path, node: yaml.Node | None) -> Iterator[str]:
    for item in _items(file, node, "channels"):
        if item.value == "defaults":
            raise ManifestError(
                f"{_at(file, item)}: the channel 'defaults' is not supported",
                "Use conda-forge (and 'nodefaults' to keep conda from adding it).",
            )
        if item.value != "nodefaults":
            yield item.value


def _platforms(file: Path, node: yaml.Node | None) -> Iterator[str]:
    for item in _items(file, node, "platforms"):
        try:
            yield platforms.subdir(item.value)
        except UsageError as error:
            raise ManifestError(f"{_at(file, item)}: {error.what}", error.mend) from error


def _items(file: Path, node: yaml.Node | None, key: str) -> Iterator[yaml.ScalarNode]:
    if node is None or (isinstance(node, yaml.ScalarNode) and node.value == ""):
        return
    if not isinstance(node, yaml.SequenceNode):
        raise ManifestError(f"{_at(file, node)}: {key!r} is a list", "Start each line with '- '.")
    for item in node.value:
        if not isinstance(item, yaml.ScalarNode):
            raise ManifestError(
                f"{_at(file, item)}: an entry of {key!r} is one line of text",
                "Packages from PyPI (a 'pip:' list) cannot be locked yet; most are on conda-forge."
                if key == "dependencies"
                else "",
            )
        yield item


def _at(file: Path, node: yaml.Node) -> str:
    return f"{file}:{node.start_mark.line + 1}"
