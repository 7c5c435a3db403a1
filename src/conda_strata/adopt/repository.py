"""What a repository says about itself: name, Python, licence, author, dependencies."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from conda_strata.convert import tables
from conda_strata.core.errors import ManifestError
from conda_strata.spec import environment_file, limited_toml, pip_list, requirement
from conda_strata.spec.dependency import Spec, package_name

ENVIRONMENTS = ("environment.yml", "environment.yaml")
SETUPS = ("setup.py", "setup.cfg")

_LICENCES = {
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Neither the name",
    "Apache-2.0": "Apache License",
}
_TITLE = re.compile(r"\s*(?:#\s+([^\[\]<>\n]{2,60}?)\s*\n|([^\[\]<>\n]{2,60}?)\s*\n===+\s*\n)")
LARGEST = 1_000_000
"""Bytes of a file that are read; longer ones hold data."""

_INSTALLED = {"conda-meta", "pyvenv.cfg"}
"""What a folder with an installed environment has."""

_VERSION = re.compile(r"3\.\d+")


@dataclass(frozen=True)
class Requirements:
    """Requirements of Python packages, and the lines that are no plain requirement."""

    plain: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


class Repository:
    """A folder with files of a person, which are only read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        file = folder / "pyproject.toml"
        self.pyproject: tables.Table = limited_toml.load(file) if file.exists() else {}
        self.project = tables.table(self.pyproject, "project")
        self.tools = tables.table(self.pyproject, "tool")

    def has(self, *names: str) -> str | None:
        """Return the first file or folder at the top that is named so, in any case of letters."""
        wanted = {name.casefold() for name in names}
        there = sorted(path.name for path in self.folder.iterdir())
        return next((name for name in there if name.casefold() in wanted), None)

    def starting(self, *stems: str) -> str | None:
        """Return the first file at the top whose name without endings is one of *stems*."""
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and path.name.split(".")[0].casefold() in stems:
                return path.name
        return None

    def name(self) -> str:
        """Return the name for people: the package's, the README's title, or the folder's."""
        title = _TITLE.match(self._text(self.has("README.md", "README.rst") or ""))
        named = self.project.get("name")
        if isinstance(named, str) and named.strip():
            return named.strip()
        return (title[1] or title[2]) if title else self.remote()[1] or self.folder.resolve().name

    def slug(self) -> str:
        """Return the name of the repository, as the template wants it."""
        name = self.remote()[1] or self.folder.resolve().name
        parts = re.findall(r"[a-z0-9]+|[._-]+", name.casefold().replace(" ", "-"))
        joined = "".join(part if part.isalnum() else part[0] for part in parts)
        return joined.strip("._-")[:64].strip("._-")

    def package(self, slug: str) -> str:
        """Return the name of the package in ``src/``, or a new name that no folder has yet."""
        source = self.folder / "src"
        there = [path.parent.name for path in sorted(source.glob("*/__init__.py"))]
        if len(there) == 1 and not (source / "__init__.py").exists():
            return there[0]
        name = re.sub(r"[^a-z0-9]+", "_", slug).strip("_")[:32]
        return f"study_{name}" if not name[:1].isalpha() or self.has(name, f"{name}.py") else name

    def remote(self) -> tuple[str, str]:
        """Return owner and name of the repository on GitHub, or two empty texts."""
        url = self._git("remote", "get-url", "origin")
        parts = re.fullmatch(r".*github\.com[:/]([^/]+)/([^/]+?)(?:\.git)?/?", url)
        return (parts[1], parts[2]) if parts else ("", "")

    def within(self) -> str:
        """Return the path of the folder in a git repository that begins above it, or ""."""
        return self._git("rev-parse", "--show-prefix").strip("/")

    def author(self) -> tuple[str, str]:
        """Return name and address: the package's first author, or git's user."""
        authors = self.project.get("authors")
        first = authors[0] if isinstance(authors, list) and authors else {}
        first = first if isinstance(first, dict) else {}
        name, email = str(first.get("name", "")), str(first.get("email", ""))
        return (
            name or self._git("config", "user.name"),
            email or self._git("config", "user.email"),
        )

    def licence(self) -> str | None:
        """Return the licence's identifier, "other" for an unknown one, None where there is none."""
        file = self.starting("license", "licence", "copying", "unlicense")
        if file:
            text = self._text(file)
            return next((key for key, words in _LICENCES.items() if words in text), "other")
        named = self.project.get("license")
        named = named.get("text") if isinstance(named, dict) else named
        return (named if named in _LICENCES else "other") if isinstance(named, str) else None

    def python(self) -> str | None:
        """Return the version of Python that is asked for, as "3.12"."""
        asked = [
            *(spec for spec in self.conda_specs() if package_name(spec) == "python"),
            self._text(".python-version"),
            self._text("runtime.txt"),
            str(self.project.get("requires-python", "")),
            str(tables.table(self.tools, "poetry", "dependencies").get("python", "")),
            *re.findall(r"python_requires\s*=\s*(.*)", self._text("setup.py")),
            *re.findall(r"python_requires\s*=\s*(.*)", self._text("setup.cfg")),
        ]
        return next((found[0] for text in asked if (found := _VERSION.search(text))), None)

    def conda_specs(self) -> list[str]:
        """Return what the environment file asks for; nothing where strata cannot read it."""
        described = self._environment()
        return [] if isinstance(described, ManifestError) else [spec.text for spec in described]

    def unreadable(self) -> ManifestError | None:
        """Return why strata cannot read the environment file, if there is one and it cannot."""
        described = self._environment()
        return described if isinstance(described, ManifestError) else None

    def _environment(self) -> Sequence[Spec] | ManifestError:
        file = self.has(*ENVIRONMENTS)
        try:
            return environment_file.read(self.folder / file).specs if file else ()
        except ManifestError as error:
            return error

    def requirements(self) -> Requirements:
        """Return the requirements of ``pyproject.toml`` and ``requirements.txt``."""
        plain: dict[str, None] = {}
        other = []
        name = "requirements.txt"
        text = "" if self.leads_outside(name) else self._text(name)
        listed = (line for _, line in pip_list.lines(text))
        for line in (*tables.texts(self.project, "dependencies"), *listed):
            try:
                requirement.require_built(requirement.checked(line, "requirements.txt"), "", ())
            except ManifestError:
                other.append(line)  # with an option, or without a hash to lock
            else:
                plain[line] = None
        return Requirements(tuple(plain), tuple(other))

    def backend(self) -> list[str]:
        """Return the requirements of what builds the repository's package."""
        if "build-system" in self.pyproject:
            return tables.texts(tables.table(self.pyproject, "build-system"), "requires")
        return ["setuptools"] if self.project or self.has(*SETUPS) else []

    def leads_outside(self, name: str) -> bool:
        """Tell whether a file is a link to what the repository does not hold."""
        top = self.folder.resolve()
        return not (self.folder / name).resolve().is_relative_to(top)

    def notebooks(self) -> bool:
        """Tell whether there is a notebook."""
        return any(path.suffix == ".ipynb" for path in walk(self.folder))

    def tests(self) -> bool:
        """Tell whether pytest would find a test."""
        names = (path.name for path in walk(self.folder))
        return any(re.fullmatch(r"test_.*\.py|.*_test\.py", name) for name in names)

    def _text(self, name: str) -> str:
        return beginning(self.folder / name)

    def _git(self, *words: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(self.folder), *words],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return ""
        return done.stdout.strip()


def walk(folder: Path, *hidden: str) -> Iterator[Path]:
    """Yield the files, but those of installed packages and of hidden folders not named here."""
    for top, folders, names in os.walk(folder):
        if _INSTALLED.intersection(folders + names) or Path(top).name == "node_modules":
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".") or name in hidden]
        yield from (path for name in names if (path := Path(top, name)).is_file())


def beginning(file: Path) -> str:
    """Return the text of a file, of a large one its beginning; "" of what is no file."""
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as opened:
            return opened.read(LARGEST).decode("utf-8", errors="replace")
    except OSError:
        return ""
