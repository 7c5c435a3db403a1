"""The layers of an environment, with all that decides what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rattler import RepoDataRecord

from conda_strata.core.errors import UsageError
from conda_strata.image.plan import MAX_LAYERS, Layer, default_slots, plan
from conda_strata.image.slim import CLASSES
from conda_strata.lock.model import Lock
from conda_strata.prefix import variables
from conda_strata.prefix.wheels import site_packages
from conda_strata.pypi.wheel_tags import Target
from conda_strata.spec.manifest import DEFAULT, Manifest

PREFIX = "/opt/env"

FORMAT = "5"
"""Part of every layer's key: to be raised when the same packages become other bytes."""

HISTORY = PurePosixPath("conda-meta/history")
"""What makes a folder an environment, to conda; empty, as nothing was asked for by hand."""


@dataclass(frozen=True)
class LayerSet:
    """Which layers of an environment to make, and for where.

    Attributes
    ----------
    layers
        Those to make, in the order of their slots.
    records
        All packages of the environment: some files depend on which Python it has.
    shared
        How many slots from the first on belong to the environment that this one extends.
    files
        Slot to the further files that it holds: path to text.
    subdir
        The platform of the packages.
    prefix
        Where the environment will live in the image.
    target
        What wheels have to fit; None without a Python.
    slim
        Whether to leave out what :mod:`conda_strata.image.slim` names.
    """

    layers: Sequence[Layer]
    records: Sequence[RepoDataRecord]
    shared: int
    files: Mapping[int, Mapping[PurePosixPath, str]]
    subdir: str
    prefix: str
    target: Target | None
    slim: bool = False

    @classmethod
    def of(
        cls,
        lock: Lock,
        manifest: Manifest | None,
        environment: str,
        subdir: str,
        *,
        prefix: str = PREFIX,
        max_layers: int = MAX_LAYERS,
        slim: bool = False,
    ) -> LayerSet:
        """Return all layers of an environment of *lock*; variables are those of *manifest*.

        The last slot of each share holds what belongs to no package.

        Raises
        ------
        UsageError
            When the prefix is no absolute path, or the lock has no such environment.
        WrongPlatformError
            When the lock does not cover *subdir*.
        """
        if not PurePosixPath(prefix).is_absolute() or not prefix.strip("/"):
            raise UsageError(
                f"--prefix is a path inside the image, such as {PREFIX}, not {prefix!r}"
            )
        layers = plan(lock, environment, subdir, max_layers)
        extended = len(lock.environments) > 1 and DEFAULT in lock.environments
        first = (default_slots(lock, subdir, max_layers) if extended else max_layers) - 1
        named = manifest.environment_variables if manifest else lambda _name: {}
        started = DEFAULT if extended else environment
        files = {first: {HISTORY: "", **variables.files(named(started))}}
        if environment != started and manifest and manifest.variables.get(environment):
            files[max_layers - 1] = variables.files(named(environment))
        held = {layer.slot for layer in layers}
        return cls(
            sorted([*layers, *(Layer(s, ()) for s in files.keys() - held)], key=lambda x: x.slot),
            lock.records(environment, subdir),
            first + 1 if environment != started else 0,
            files,
            subdir,
            prefix,
            lock.wheel_target(environment, subdir),
            slim,
        )

    def parts(self) -> list[list[Layer]]:
        """Return the layers of the environment below, and those of this one alone."""
        parts = [
            [layer for layer in self.layers if (layer.slot < self.shared) == b]
            for b in (True, False)
        ]
        return [part for part in parts if part]

    def key(self, layer: Layer) -> str:
        """Return a SHA-256 over all that decides the bytes of *layer*."""
        parts = [FORMAT, self.prefix, layer.key]
        if self.slim:
            parts += [f"without {pattern.pattern}" for pattern in CLASSES.values()]
        if layer.wheels or not all(record.noarch.none for record in layer.records):
            parts.append(site_packages(self.records) if self.target else "")
        if layer.wheels and self.target:
            parts.append(self.target.uv_name)
        parts += [f"{path}\0{text}" for path, text in self.files.get(layer.slot, {}).items()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
