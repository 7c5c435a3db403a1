"""What base images are made from: a Dockerfile and its files, or an image of a registry as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from conda_strata.core.errors import NetworkError, UsageError
from conda_strata.core.log import logger
from conda_strata.image import dockerfile
from conda_strata.image.blobs import BlobStore
from conda_strata.image.dockerfile import Dockerfile
from conda_strata.image.settings import Settings
from conda_strata.registry.reference import DOCKER_HUB
from conda_strata.registry.repository import Repository

_log = logger(__name__)

_IMAGE = "docker-image://"
_SHOWN = 200
"""Characters of a path in a message."""


@dataclass(frozen=True)
class Origin:
    """An image of a registry that base images start from.

    Attributes
    ----------
    name
        As the Dockerfile or the settings have it.
    repository
        Where it is.
    digest
        What is there now.
    """

    name: str
    repository: Repository
    digest: str

    @property
    def pinned(self) -> str:
        """Its name with its digest, for Docker."""
        host = self.repository.reference.host
        host = "docker.io" if host == DOCKER_HUB else host
        return f"{host}/{self.repository.reference.path}@{self.digest}"

    @property
    def annotations(self) -> dict[str, str]:
        """What images on top of it say of it, wherever it was fetched from."""
        named = Repository(self.name).reference
        host = "docker.io" if named.host == DOCKER_HUB else named.host
        return {
            "org.opencontainers.image.base.digest": self.digest,
            "org.opencontainers.image.base.name": f"{host}/{named.path}:{named.tag}",
        }


@dataclass(frozen=True)
class Recipe:
    """What the base images of a project are made from.

    Attributes
    ----------
    folder
        The project's.
    settings
        Its settings.
    arguments
        Build arguments.
    contexts
        Build contexts: a folder, or ``docker-image://…`` in the place of an image.
    store
        What remembers the digests of images, for a machine that is offline.
    """

    folder: Path
    settings: Settings
    arguments: Mapping[str, str]
    contexts: Mapping[str, str]
    store: BlobStore

    @cached_property
    def dockerfile(self) -> Dockerfile | None:
        """The Dockerfile; None where a base image is taken as it is."""
        named = self.settings.dockerfile
        return dockerfile.read(self.folder / named, self.arguments) if named else None

    def origins(self, target: str) -> list[Origin]:
        """Return the images that the base of *target* is made from, the one below it first.

        Raises
        ------
        NetworkError
            When a registry does not say what it has.
        """
        if self.dockerfile is None:
            return [self._origin(self.settings.base)]
        stage = self.dockerfile.base_stage(target)
        return [
            self._origin(name)
            for name in self.dockerfile.images(stage)
            if self.contexts.get(name, _IMAGE).startswith(_IMAGE)
        ]

    def inputs(self, target: str) -> dict[str, str]:
        """Return what decides the base of *target*: name to SHA-256 or digest."""
        found = {f"image {one.name}": one.digest for one in self.origins(target)}
        if self.dockerfile is None:
            return found
        stage = self.dockerfile.base_stage(target)
        found[f"stage {target}"] = stage.name
        found["Dockerfile"] = _sha256(self.dockerfile.text.encode())
        needed = self.dockerfile.needed(stage)
        for file in _files(self.folder, (name for one in needed for name in one.files)):
            name = file.relative_to(self.folder).as_posix()
            found[f"file {name}"] = _hashed(file)
        for name, value in self.arguments.items():
            found[f"build argument {name}"] = value
        for name, value in self.contexts.items():
            if not value.startswith(_IMAGE):
                for file in _files(Path(value), ["."]):
                    inner = file.relative_to(value).as_posix()
                    found[f"build context {name} {inner}"] = _hashed(file)
        return found

    def key(self, target: str) -> str:
        """Return a hash over what decides the base of *target*."""
        lines = [f"{name} {value}\n" for name, value in sorted(self.inputs(target).items())]
        return _sha256("".join(lines).encode())[:16]

    def pinned_contexts(self, target: str) -> dict[str, str]:
        """Return the build contexts, with all images of registries by their digest.

        So a builder cannot take an older one that it has.
        """
        pins = {one.name: f"{_IMAGE}{one.pinned}" for one in self.origins(target)}
        return {**self.contexts, **pins}

    def _origin(self, name: str) -> Origin:
        context = self.contexts.get(name, name)
        repository = Repository(context.removeprefix(_IMAGE))
        known = self._digests.get(name)
        if known is None:
            known = self._digests[name] = self._asked(name, repository)
        return Origin(name, repository, known)

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {}

    def _asked(self, name: str, repository: Repository) -> str:
        memory = f"digest of {repository.name}:{repository.tag}"
        try:
            document = repository.get(repository.tag)
        except NetworkError as error:
            remembered = self.store.noted(memory)
            if not isinstance(remembered, str):
                raise
            _log.warning("%s; going on with %s as it was", error.what, name)
            return remembered
        if document is None:
            where = self.settings.dockerfile or self.settings.file
            raise NetworkError(f"{name}: no such image", f"Check its name in {where}.")
        self.store.note(memory, document.digest)
        return document.digest


def _files(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """Yield the files that *names*, patterns of a Dockerfile, mean."""
    seen: set[Path] = set()
    for name in names:
        pattern = name.strip("/").removeprefix("./") or "."
        try:
            matched = [folder] if pattern == "." else sorted(folder.glob(pattern))
        except (ValueError, NotImplementedError, RecursionError, OSError) as error:
            shown = f"{name[:_SHOWN]!r}"
            raise UsageError(f"{shown} in the Dockerfile is no path of the project") from error
        for one in matched:
            inner = sorted(one.rglob("*")) if one.is_dir() else [one]
            for file in inner:
                inside = ".git" not in file.relative_to(folder).parts
                if inside and file.is_file() and file not in seen:
                    seen.add(file)
                    yield file


def _hashed(file: Path) -> str:
    try:
        executable = "x" if file.stat().st_mode & 0o100 else "-"
        return _sha256(executable.encode() + file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
