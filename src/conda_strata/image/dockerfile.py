"""A Dockerfile, as far as it decides what a stage is made from: no more than names and files.

See https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conda_strata.core.errors import ManifestError
from conda_strata.spec import limited_text

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_LONGEST = 200_000
"""Characters of a Dockerfile at most."""

_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")


@dataclass
class Stage:
    """One ``FROM`` and what follows.

    Attributes
    ----------
    name
        "" where it has none.
    below
        The image or stage that it starts from.
    line
        Where it starts.
    others
        Images and stages that it copies from or mounts.
    files
        What it copies of the project, as written.
    arguments
        Build arguments that it declares.
    """

    name: str
    below: str
    line: int
    others: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Dockerfile:
    """Its stages, in order.

    Attributes
    ----------
    file
        Where it was read from.
    text
        All of it.
    stages
        What is in it.
    """

    file: Path
    text: str
    stages: Sequence[Stage]

    def base_stage(self, target: str) -> Stage:
        """Return the stage below the environment of *target*: ``TARGET-base``, else ``TARGET``.

        Raises
        ------
        ManifestError
            When there is none.
        """
        named = {stage.name: stage for stage in self.stages if stage.name}
        for name in (f"{target}-base", target):
            if name in named:
                return named[name]
        near = difflib.get_close_matches(f"{target}-base", named, 1, 0.5)
        fix = f"Did you mean {near[0]!r}? " if near else ""
        raise ManifestError(
            f"{self.file}: no stage is called {target}-base or {target}",
            f"{fix}A stage is 'FROM IMAGE AS {target}-base'.",
        )

    def takes(self, argument: str) -> bool:
        """Tell whether a stage declares a build argument."""
        return any(argument in stage.arguments for stage in self.stages)

    def needed(self, stage: Stage) -> list[Stage]:
        """Return *stage* and all stages that it needs."""
        found: dict[str, Stage] = {}
        asked = [stage]
        while asked:
            one = asked.pop()
            found[f"{one.line}"] = one
            earlier = {s.name: s for s in self.stages if s.name and s.line < one.line}
            asked += [earlier[name] for name in (one.below, *one.others) if name in earlier]
        return sorted(found.values(), key=lambda s: s.line)

    def images(self, stage: Stage) -> list[str]:
        """Return the images that *stage* is made from, the one below it first."""
        names = {s.name for s in self.stages if s.name}
        needed = self.needed(stage)
        found = [self.image_below(stage)]
        found += [name for s in needed for name in (s.below, *s.others) if name not in names]
        return [name for name in dict.fromkeys(found) if name not in {"", "scratch"}]

    def image_below(self, stage: Stage) -> str:
        """Return the image that *stage* starts from, through other stages."""
        while earlier := [s for s in self.stages if s.name == stage.below and s.line < stage.line]:
            stage = earlier[-1]
        return stage.below


def read(file: Path, arguments: Mapping[str, str]) -> Dockerfile:
    """Read a Dockerfile.

    Parameters
    ----------
    file
        Where it is.
    arguments
        Build arguments, which may stand in the names of images.

    Raises
    ------
    ManifestError
        When it cannot be read, or has no stage.
    """
    text = limited_text.read(file)
    if len(text) > _LONGEST:
        raise ManifestError(f"{file} is longer than {_LONGEST:,} characters", "Name a Dockerfile.")
    stages: list[Stage] = []
    declared: dict[str, str] = {}
    for line, word, rest in _instructions(text):
        parts = _words(rest)
        if word == "ARG" and not stages:
            name, _, value = (parts or [""])[0].partition("=")
            declared[name] = arguments.get(name, value)
        elif word == "FROM":
            plain = [_filled(part, declared) for part in parts if not part.startswith("--")]
            if not plain:
                raise ManifestError(f"{file}:{line}: FROM names no image")
            stages.append(Stage(plain[2] if len(plain) == 3 else "", plain[0], line))
        elif stages:
            _note(stages[-1], word, parts, declared)
    if not stages:
        raise ManifestError(f"{file}: no stage", "It starts with 'FROM IMAGE AS dev-base'.")
    return Dockerfile(file, text, stages)


def _note(stage: Stage, word: str, parts: Sequence[str], declared: Mapping[str, str]) -> None:
    options = dict(p[2:].split("=", 1) for p in parts if p.startswith("--") and "=" in p)
    if word == "ARG":
        stage.arguments += [part.partition("=")[0] for part in parts]
    elif word in {"COPY", "ADD"}:
        if "from" in options:
            stage.others.append(_filled(options["from"], declared))
        else:
            plain = [part for part in parts if not part.startswith("--")]
            stage.files += [p for p in plain[:-1] if "://" not in p and not p.startswith("<<")]
    elif word == "RUN":
        for mount in (p[8:] for p in parts if p.startswith("--mount=")):
            asked = dict(one.partition("=")[::2] for one in mount.split(","))
            if asked.get("from"):
                stage.others.append(_filled(asked["from"], declared))
            elif asked.get("type", "bind") == "bind":
                stage.files.append(asked.get("source") or asked.get("src") or ".")


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, word and rest of each instruction, without comments and heredocs' bodies."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        whole = line.strip()
        if not whole or whole.startswith("#"):
            continue
        while whole.endswith("\\"):
            following = next(lines, (0, ""))[1].strip()
            while following.startswith("#"):
                following = next(lines, (0, ""))[1].strip()
            whole = f"{whole[:-1].rstrip()} {following}"
        word, _, rest = whole.partition(" ")
        if word.upper() in {"RUN", "COPY", "ADD"}:
            for _, end in _HEREDOC.findall(rest):
                for _, body in lines:
                    if body.strip() == end:
                        break
        yield number, word.upper(), rest.strip()


def _words(text: str) -> list[str]:
    if text.startswith("["):
        return re.findall(r'"([^"]*)"', text)
    try:
        return shlex.split(text, comments=False)
    except ValueError:
        return text.split()


def _filled(text: str, declared: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda v: declared.get(v[1] or v[3]) or v[2] or "", text)
