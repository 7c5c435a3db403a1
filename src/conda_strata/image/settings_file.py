"""Reads the settings of a project's images, and names file and line of what cannot be meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from conda_strata.core import sizes
from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.image.settings import (
    BASE,
    COMPRESSIONS,
    DOCKERFILE,
    PYPROJECT,
    STRATA,
    Settings,
    checked_name,
    table_in,
)
from conda_strata.spec import limited_text, limited_toml, platforms

KEYS = (
    "name", "platforms", "targets", "compression", "size-limit", "dockerfile", "base", "slim",
)  # fmt: skip

_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")


def read(folder: Path) -> Settings:
    """Read the settings of the project in *folder*; all have a default.

    Raises
    ------
    ManifestError
        When something there cannot be meant; the message names file and line.
    """
    candidates = [folder / PYPROJECT, folder / STRATA]
    file = next((one for one in candidates if one.exists()), candidates[0])
    return _Reader(file).read()


class _Reader:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.text = ""
        self.whole: Mapping[str, Any] = {}

    def read(self) -> Settings:
        said = self._said()
        for key in said:
            if key not in KEYS:
                self._fail(key, f"{key!r} is no setting of images", _nearest(key))
        if not isinstance(said.get("slim", False), bool):
            self._fail("slim", "'slim' is true or false", "Write slim = true.")
        if "base" in said and "dockerfile" in said:
            self._fail(
                "base", "'base' and 'dockerfile' exclude each other", "Take one of them out."
            )
        default = DOCKERFILE if (self.file.parent / DOCKERFILE).exists() else None
        dockerfile = Path(self._one("dockerfile", said)) if "dockerfile" in said else default
        if dockerfile and not (self.file.parent / dockerfile).is_file():
            self._fail("dockerfile", f"{dockerfile} does not exist", "Name the Dockerfile.")
        return Settings(
            self._name(said),
            self._platforms(said),
            self._targets(said),
            self._compression(said),
            self._limit(said),
            None if "base" in said else dockerfile,
            self._one("base", said) if "base" in said else BASE,
            bool(said.get("slim", False)),
            _about(self.whole.get("project")),
            self.file,
        )

    def _said(self) -> Mapping[str, Any]:
        if not self.file.exists():
            return {}
        self.text = limited_text.read(self.file)
        found: Any = limited_toml.parse(self.file, self.text)
        self.whole = found
        path: list[str] = []
        for part in table_in(self.file).split("."):
            path.append(part)
            found = found.get(part, {})
            if not isinstance(found, dict):
                self._fail(
                    part, f"{'.'.join(path)!r} is a table", f"Write [{table_in(self.file)}]."
                )
        return dict(found)

    def _name(self, said: Mapping[str, Any]) -> str:
        if "name" not in said:
            return ""
        name = self._one("name", said)
        try:
            return checked_name(name)
        except UsageError as error:
            self._fail("name", error.what, error.fix)

    def _platforms(self, said: Mapping[str, Any]) -> tuple[str, ...]:
        names = said.get("platforms", ["linux/amd64"])
        if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
            self._fail("platforms", "'platforms' is a list", 'Write ["linux/amd64"].')
        found = []
        for name in names:
            try:
                found.append(platforms.subdir(name))
                platforms.docker(found[-1])
            except UsageError as error:
                fix = "Choose linux/amd64 or linux/arm64."
                self._fail("platforms", error.what, fix)
        return tuple(dict.fromkeys(found))

    def _targets(self, said: Mapping[str, Any]) -> Mapping[str, str] | None:
        if "targets" not in said:
            return None
        targets = said["targets"]
        if not isinstance(targets, dict) or not targets:
            self._fail("targets", "'targets' is a table", 'Write { dev = "dev" }.')
        for name, environment in targets.items():
            if not _WORD.fullmatch(name) or not isinstance(environment, str):
                self._fail("targets", f"{name!r} is no target", 'Write { dev = "dev" }.')
        return dict(targets)

    def _compression(self, said: Mapping[str, Any]) -> str:
        chosen = self._one("compression", said) if "compression" in said else "zstd"
        if chosen not in COMPRESSIONS:
            fix = f"Choose from: {', '.join(COMPRESSIONS)}."
            self._fail("compression", f"{chosen!r} is no compression", fix)
        return chosen

    def _limit(self, said: Mapping[str, Any]) -> str | None:
        if "size-limit" not in said:
            return None
        text = self._one("size-limit", said)
        try:
            return sizes.read(text).text
        except UsageError as error:
            self._fail("size-limit", error.what, error.fix)

    def _one(self, key: str, said: Mapping[str, Any]) -> str:
        if not isinstance(said[key], str) or not said[key]:
            self._fail(key, f"{key!r} is a text", f'Write {key} = "…".')
        return str(said[key])

    def _fail(self, key: str, what: str, fix: str) -> NoReturn:
        raise ManifestError(f"{self.file}:{_line(self.text, self.file, key)}: {what}", fix)


def _about(project: object) -> dict[str, str]:
    """Return what ``[project]`` of ``pyproject.toml`` says that belongs on an image.

    Not the version, and nothing of git: an image is the same for all commits that change only code.
    """
    said = project if isinstance(project, dict) else {}
    urls = said.get("urls") if isinstance(said.get("urls"), dict) else {}
    links = {str(name).lower(): url for name, url in (urls or {}).items()}
    found = {
        "title": said.get("name"),
        "description": said.get("description"),
        "licenses": said.get("license"),
        "source": next(
            (links[n] for n in ("source", "repository", "homepage") if n in links), None
        ),
    }
    prefix = "org.opencontainers.image"
    return {f"{prefix}.{k}": v for k, v in found.items() if isinstance(v, str) and v}


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key, KEYS, 1, 0.5)
    choices = f"Choose from: {', '.join(KEYS)}."
    return f"Did you mean {near[0]!r}?" if near else choices


def _line(text: str, file: Path, key: str) -> int:
    """Return where a key of the table stands; where the table starts, if it is not to be found."""
    table, inside, started = re.escape(table_in(file)), False, 1
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*\[", line):
            inside = bool(re.match(rf"\s*\[\s*{table}(\.{re.escape(key)})?\s*\]", line))
            started = number if inside else started
            if inside and re.match(rf"\s*\[\s*{table}\.{re.escape(key)}\s*\]", line):
                return number
        elif re.match(rf"""\s*["']?{re.escape(key)}["']?\s*(?:\.[^=]*)?=""", line) and inside:
            return number
    return started
