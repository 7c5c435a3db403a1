"""The images of a project: what they are called, whether they are there, and making them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from rattler import InstallerReporter

from conda_strata.core.errors import NetworkError, UsageError
from conda_strata.core.log import logger
from conda_strata.image import bases, push
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base, Composed, OnMade, compose
from conda_strata.image.key import Key, content_key, lock_inputs, variable_inputs
from conda_strata.image.layer_set import FORMAT, PREFIX, LayerSet
from conda_strata.image.recipe import Recipe
from conda_strata.image.settings import TARGETS, Settings
from conda_strata.lock.model import Lock
from conda_strata.registry.documents import Document
from conda_strata.registry.repository import Repository
from conda_strata.spec import platforms
from conda_strata.spec.manifest import DEFAULT, Manifest

_log = logger(__name__)

LOCKED = "io.github.leej3.conda-strata.lock"
"""Annotation of an image: a hash over its packages, as the lock has them."""


@dataclass(frozen=True)
class Place:
    """A repository that may have layers and base images; in one image, where there is a tag."""

    repository: Repository
    tag: str = ""

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read the name of an image, with or without a tag or digest."""
        repository = Repository(name)
        last = name.rpartition("/")[2]
        return cls(repository, repository.tag if ":" in last or "@" in last else "")


@dataclass(frozen=True)
class Job:
    """What to make of a project.

    Attributes
    ----------
    settings
        The project's.
    recipe
        Of the base images.
    lock, manifest
        The environments.
    subdirs
        The platforms.
    home
        The repository of the images, in which they are looked for; None where they have none.
    reuse
        Further places of images whose layers can be used again.
    """

    settings: Settings
    recipe: Recipe
    lock: Lock
    manifest: Manifest | None
    subdirs: Sequence[str]
    home: Repository | None
    reuse: Sequence[Place] = ()

    @property
    def store(self) -> BlobStore:
        """The blobs of this machine."""
        return self.recipe.store

    @cached_property
    def targets(self) -> Mapping[str, str]:
        """Name of each image to its environment."""
        known = set(self.lock.environments)
        if self.settings.targets is None:
            return {name: env for name, env in TARGETS.items() if env in known}
        for name, environment in self.settings.targets.items():
            if environment not in known:
                raise UsageError(
                    f"{self.settings.file}: target {name!r} holds the environment {environment!r}, "
                    "which the lock does not have",
                    f"It has: {', '.join(sorted(known))}.",
                )
        return self.settings.targets

    @cached_property
    def key(self) -> Key:
        """The content key of all images: everything that decides them, and nothing else."""
        inputs: dict[str, str] = {
            "layer format": FORMAT,
            "prefix": PREFIX,
            "compression": self.settings.compression,
            "slim": str(self.settings.slim),
            "platforms": " ".join(sorted(map(platforms.docker, self.subdirs))),
            "targets": " ".join(f"{name}={env}" for name, env in sorted(self.targets.items())),
        }
        inputs |= {f"about {name}": text for name, text in self.settings.about.items()}
        for target in self.targets:
            inputs |= self.recipe.inputs(target)
        environments = {DEFAULT, *self.targets.values()}
        named = self.manifest.variables if self.manifest else {}
        return content_key(
            inputs
            | lock_inputs(self.lock, environments, self.subdirs)
            | variable_inputs(named, environments)
        )

    def registry(self) -> Repository:
        """Return the repository of the images.

        Raises
        ------
        UsageError
            When they have none.
        """
        if self.home is None:
            raise UsageError(
                f"{self.settings.file} does not name the images",
                f'Write name = "ghcr.io/OWNER/PROJECT" below [{self.settings.table}], '
                "or use --registry.",
            )
        return self.home

    def tag(self, target: str) -> str:
        """Return the tag of an image by its content."""
        return f"{target}-{self.key.short}"

    def there(self, target: str) -> Document | None:
        """Return what the repository has under an image's key, if anything."""
        return self.registry().get(self.tag(target))

    def compose(
        self,
        target: str,
        *,
        places: Sequence[Place],
        on_made: OnMade | None = None,
        reporter: InstallerReporter | None = None,
    ) -> list[Composed]:
        """Return an image for each platform; what is missing of it is made.

        Parameters
        ----------
        target
            Which one.
        places
            Where its base and its layers may be.
        on_made
            Called with each layer that was made.
        reporter
            Called with each download and link.
        """
        below = self._bases(target, places, push_new=on_made is not None)
        sources = [
            (place.repository, tag)
            for place in places
            for tag in ([place.tag] if place.tag else [self.tag(target), *self.targets])
        ]
        return [
            compose(
                base,
                LayerSet.of(
                    self.lock,
                    self.manifest,
                    self.targets[target],
                    subdir,
                    slim=self.settings.slim,
                ),
                self.store,
                sources=sources,
                compression=self.settings.compression,
                about={**self.settings.about, LOCKED: self._lock_hash(target, subdir)},
                on_made=on_made,
                reporter=reporter,
            )
            for subdir, base in below.items()
        ]

    def push(self, target: str, reporter: InstallerReporter | None = None) -> list[Composed]:
        """Make an image and push it under its key; what is there already is not sent again.

        Raises
        ------
        NetworkError
            When the registry cannot be reached or refuses.
        """
        home = self.registry()
        images = self.compose(
            target,
            places=[Place(home), *self.reuse],
            on_made=lambda made: home.upload(self.store.path(made.digest), made.digest),
            reporter=reporter,
        )
        push.push(home, self.tag(target), images, self.store)
        return images

    def _lock_hash(self, target: str, subdir: str) -> str:
        """Return a hash over what the lock has for one image."""
        return (
            "sha256:" + content_key(lock_inputs(self.lock, [self.targets[target]], [subdir])).digest
        )

    def reachable(self) -> list[Place]:
        """Return the places that can be asked; for the others it is said why not."""
        found = []
        for place in [*([Place(self.home)] if self.home else []), *self.reuse]:
            try:
                place.repository.get(place.tag or next(iter(self.targets)))
            except NetworkError as error:
                _log.warning("%s; going on without what it has", error.what)
            else:
                found.append(place)
        return found

    def _bases(self, target: str, places: Sequence[Place], *, push_new: bool) -> dict[str, Base]:
        registries = [place.repository for place in places]
        cache = f"{registries[0].name}:{target}" if registries else ""
        found, new = {}, False
        for subdir in self.subdirs:
            found[subdir], is_new = bases.find(
                self.recipe, target, subdir, registries=registries, prefix=PREFIX, cache=cache
            )
            new |= is_new
        if push_new and new:
            images = [push.plain(subdir, base) for subdir, base in found.items()]
            push.push(registries[0], bases.tag(target, self.recipe.key(target)), images, self.store)
        return found
