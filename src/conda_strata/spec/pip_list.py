"""The ``pip:`` list, line by line, and the requirements files that it names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from conda_strata.core.errors import ManifestError
from conda_strata.core.log import logger
from conda_strata.spec import limited_text, local_project, pip_options, requirement
from conda_strata.spec.dependency import PipList, Spec
from conda_strata.spec.refusals import Refusals
from conda_strata.spec.yaml_nodes import Nodes

_log = logger(__name__)

_MOST_FILES = 50


def read(
    nodes: Nodes,
    items: Sequence[yaml.Node],
    refusals: Refusals,
    found: PipList,
    outer: Sequence[str | None],
) -> None:
    """Read the entries of a ``pip:`` list into *found*.

    Parameters
    ----------
    outer
        The selectors that hold for the whole list.
    """
    for item in items:
        with refusals.collected():
            entry = nodes.line(item, "pip")
            text = re.split(r"\s#", entry.value)[0].strip()
            if text and not text.startswith("#"):
                spec = nodes.spec(entry, text, *outer)
                top = _top(nodes.file.parent)
                _Reader(found, refusals, top).line(spec, nodes.file.parent)


class _Reader:
    def __init__(
        self, found: PipList, refusals: Refusals, top: Path, inside: tuple[Path, ...] = ()
    ) -> None:
        self.found = found
        self.refusals = refusals
        self.top = top
        self.inside = inside

    def line(self, spec: Spec, folder: Path, *, as_constraint: bool = False) -> None:
        """Read one line; *folder* is where its paths start."""
        if not spec.text.startswith("-"):
            self._requirement(spec, folder, as_constraint=as_constraint)
            return
        option = pip_options.parse(spec.text, spec.where)
        if option.name == "--editable":
            self._requirement(spec._replace(text=option.value), folder)
        elif option.name in {"--requirement", "--constraint"}:
            constraint = as_constraint or option.name == "--constraint"
            # Answers on the web show the path as a URL.
            path = re.sub(r"^file:(?!//)", "", option.value)
            self._file(folder / path, spec, as_constraint=constraint)
        elif spec.selector:
            raise ManifestError(
                f"{spec.where}: the selector [{spec.selector}] has no effect on {option.name}",
                "Take it out: pip's options hold for the whole list.",
            )
        else:
            words = tuple(pip_options.for_uv(option, spec.where))
            if words and words not in self.found.options:
                pip_options.refuse_second_index(words, self.found.options, spec.where)
                self.found.options.append(words)

    def _requirement(self, spec: Spec, folder: Path, *, as_constraint: bool = False) -> None:
        if local_project.is_local(spec.text):
            self._local(spec, folder)
            return
        text, *hashes = re.split(r"\s+--hash[=\s]", spec.text)
        pip_options.refuse_behind(text, spec.where)
        text = requirement.checked(text.strip(), spec.where)
        hashes += re.findall(r"#(?:.*&)?sha256=([0-9a-f]{64})", text)
        if hashes:
            sums = frozenset(one.strip().removeprefix("sha256:") for one in hashes)
            self.found.hashes[text] = sums
        into = self.found.constraints if as_constraint else self.found.specs
        into.append(spec._replace(text=text))

    def _local(self, spec: Spec, folder: Path) -> None:
        if spec.text.endswith((".whl", ".tar.gz", ".zip")):
            raise ManifestError(
                f"{spec.where}: {Path(spec.text).name!r} is a file that only this machine has",
                "Put it where everybody can reach it, and write 'NAME @ https://HOST/FILE.whl'.",
            )
        project = local_project.read(spec.text, folder)
        place = Path(f"{project.file.resolve()} {spec.text}")
        if place in self.inside:
            return
        _log.warning(
            "%s: your own code is not locked (%s); install it into the environment with "
            "'pip install --no-deps -e FOLDER'",
            spec.where,
            "what it requires is not known: list that here"
            if project.requires is None
            else f"what {project.file} requires is",
        )
        if project.requires is None:
            return
        self._note(project.file, spec)
        for text in project.requires:
            with self.refusals.collected():
                # A project may require one of its own extras.
                line = Spec(text, project.file, 1, spec.selector)
                reader = _Reader(self.found, self.refusals, self.top, (*self.inside, place))
                reader.line(line, project.file.parent)

    def _note(self, file: Path, spec: Spec) -> None:
        self.found.files.append(file)
        if len(self.found.files) > _MOST_FILES:
            raise ManifestError(f"{spec.where}: more than {_MOST_FILES} requirements files")

    def _file(self, file: Path, spec: Spec, *, as_constraint: bool) -> None:
        if re.match(r"[a-z]+://", spec.text.split()[-1]):
            raise ManifestError(
                f"{spec.where}: a requirements file is read from a folder, not from a URL",
                "Put it beside the environment file, and name it there.",
            )
        file = Path(os.path.normpath(file))
        if file in self.inside:
            return
        if not file.resolve().is_relative_to(self.top):
            # its lines would be told, and looked for on the index: it could be a file of logins
            raise ManifestError(
                f"{spec.where}: {file} is outside of the project",
                "Copy it beside the environment file, and name it there.",
            )
        self._note(file, spec)
        if not file.exists():
            raise ManifestError(f"{spec.where}: {file} does not exist", "Correct its path.")
        for number, text in lines(limited_text.read(file)):
            with self.refusals.collected():
                line = Spec(text, file, number, spec.selector)
                reader = _Reader(self.found, self.refusals, self.top, (*self.inside, file))
                reader.line(line, file.parent, as_constraint=as_constraint)


def _top(folder: Path) -> Path:
    """Return the folder that requirements files may be in: the repository, or that above *folder*."""
    here = folder.resolve()
    for place in (here, *here.parents):
        if (place / ".git").exists():
            return place
    return here if Path.home().resolve().is_relative_to(here.parent) else here.parent


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a requirements file with their numbers, without comments."""
    start, kept = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        start = start if kept else number
        kept += re.sub(r"(?:^|\s)#.*", "", line.rstrip("\r"))
        if kept.endswith("\\"):
            kept = kept[:-1]
            continue
        if kept.strip():
            yield start, kept.strip()
        kept = ""
    if kept.strip():
        yield start, kept.strip()
