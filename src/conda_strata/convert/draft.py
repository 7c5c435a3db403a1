"""Environment files in the making: each entry is what strata would read, or it is left out and named."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.spec import cooldown, environment_file, selectors
from conda_strata.spec.dependency import package_name
from conda_strata.spec.manifest import DEFAULT
from conda_strata.spec.platforms import VIRTUAL_PACKAGES

_PLAIN = re.compile(
    r"(?:-{1,2}(?=[a-z]))?[A-Za-z0-9_.](?:[A-Za-z0-9_.=<>!~*,+/|-]|:(?=\S)| (?=[^\s#]))*"
)
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MOST = 2000
"""Entries that are looked at; no project has as many."""

_SYSTEMS = ("linux", "osx", "win", "unix")


@dataclass
class Drafts:
    """The environment files of a project.

    Attributes
    ----------
    source
        What they are made of.
    left
        What has no counterpart, a sentence each.
    """

    source: Path
    name: str = ""
    channels: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    exclude_newer: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    _conda: dict[str, dict[str, None]] = field(default_factory=dict)
    _pip: dict[str, dict[str, None]] = field(default_factory=dict)
    _built: dict[str, None] = field(default_factory=dict)
    _seen: int = 0

    def set_channels(self, names: Iterable[str]) -> None:
        """Take the channels that may be named in an environment file."""
        for number, name in enumerate(names, 1):
            if self._taken(f"channel {number}", {"channels": [name]}):
                self.channels.append(name)

    def set_platforms(self, names: Iterable[str]) -> None:
        """Take the platforms that there are locks for."""
        for name in names:
            if name in VIRTUAL_PACKAGES:
                self.platforms.append(name)
            else:
                self.left.append(f"the platform {name!r}: strata makes no locks for it")

    def set_exclude_newer(self, value: str) -> None:
        """Take a cut-off for packages that are too young."""
        try:
            cooldown.newest(value, datetime.datetime.now(datetime.UTC))
        except UsageError as error:
            self.left.append(f"exclude-newer: {error.what}")
        else:
            self.exclude_newer = value

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Take environment variables."""
        for name, value in variables.items():
            if self._taken(f"the variable {name!r}", {"variables": {name: value}}):
                self.variables[name] = value

    def conda(self, environment: str, name: str, spec: str, selector: str | None = None) -> None:
        """Add a dependency called *name* to an environment, if it can be one."""
        if self._environment(environment) and self._taken(name, {"dependencies": [spec]}):
            self._conda[environment][_line(spec, selector)] = None

    def pip(self, environment: str, name: str, line: str, selector: str | None = None) -> None:
        """Add a line to the ``pip:`` list of an environment, if it can be one."""
        # What another file has is read with that file, and its faults are told with its lines.
        known = line.startswith(("-r ", "-e "))
        content = {"dependencies": ["python", {"pip": [line]}], "build": list(self._built)}
        if self._environment(environment) and (known or self._taken(name, content)):
            self._pip[environment][_line(line, selector)] = None

    def build(self, name: str) -> None:
        """Note that a package of a ``pip:`` list is built from its sources."""
        if self._taken(name, {"build": [name]}):
            self._built[name] = None

    def has(self, name: str) -> bool:
        """Whether the environment ``default`` has a conda dependency called *name* so far."""
        return any(package_name(spec) == name for spec in self._conda.get(DEFAULT, ()))

    def selector(self, target: str) -> str | None:
        """Return the selector that a platform or system of another tool means; None for none."""
        if target in _SYSTEMS:
            return target
        return selectors.of(target) if target in VIRTUAL_PACKAGES else None

    def files(self) -> dict[str, str]:
        """Return name to content of the files."""
        self._environment(DEFAULT)
        names = sorted(self._conda, key=lambda name: (name != DEFAULT, name))
        return {
            "environment.yml" if name == DEFAULT else f"environment-{name}.yml": self._text(name)
            for name in names
        }

    def _text(self, environment: str) -> str:
        lines = [f"# Made by 'strata convert' from {self.source.name}."]
        if self.name and environment == DEFAULT:
            lines.append(f"name: {_scalar(self.name)}")
        lines += ["channels:", *(f"  - {_scalar(c)}" for c in self.channels or ["conda-forge"])]
        if environment == DEFAULT:
            if self.platforms:
                lines.append(f"platforms: [{', '.join(self.platforms)}]")
            if self.exclude_newer:
                lines.append(f"exclude-newer: {_scalar(self.exclude_newer)}")
        conda, pip = dict(self._conda[environment]), self._pip[environment]
        if pip:
            conda["pip"] = None  # conda warns where it is not named
        lines += ["dependencies:" if conda else "dependencies: []"]
        lines += [f"  - {line}" for line in conda]
        if pip:
            lines += ["  - pip:", *(f"      - {line}" for line in pip)]
        if self._built and environment == DEFAULT:
            lines.append(f"build: [{', '.join(self._built)}]")
        if self.variables and environment == DEFAULT:
            lines.append("variables:")
            lines += [f"  {name}: {json.dumps(value)}" for name, value in self.variables.items()]
        return "\n".join(lines) + "\n"

    def _environment(self, name: str) -> bool:
        if name in self._conda:
            return True
        if not _ENVIRONMENT.fullmatch(name):
            self.left.append(f"the environment {name!r}: that is no part of a file's name")
            return False
        self._conda[name], self._pip[name] = {}, {}
        return True

    def _taken(self, what: str, content: Mapping[str, object]) -> bool:
        """Whether strata would read *content*; what it refuses is left out, with the reason."""
        self._seen += 1
        if self._seen > _MOST:
            raise ManifestError(f"{self.source}: more than {_MOST:,} entries", "Write it by hand.")
        file = Path("environment.yml")
        try:
            environment_file.read(file, json.dumps(content))  # JSON is YAML
        except ManifestError as error:
            reason = error.what.removeprefix(f"{file}:1: ")
            self.left.append(f"{what}: {reason}" + (f". {error.fix}" if error.fix else ""))
            return False
        return True


def _line(entry: str, selector: str | None) -> str:
    return _scalar(entry) + (f"  # [{selector}]" if selector else "")


def _scalar(text: str) -> str:
    """Return *text* as YAML reads it back as text, in quotes where it must be."""
    is_number = re.fullmatch(
        r"[\d.+eE_-]+|0x\w+|true|false|yes|no|on|off|null", text, re.IGNORECASE
    )
    return text if _PLAIN.fullmatch(text) and not is_number else json.dumps(text)
