"""The image below an environment: found in a registry or on this machine, else built."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from conda_strata.core.errors import NetworkError
from conda_strata.core.log import logger
from conda_strata.image import archive, local, oci_image, saved
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Base
from conda_strata.image.contents import EPOCH
from conda_strata.image.dockerfile import Dockerfile
from conda_strata.image.oci_image import ImageLayer
from conda_strata.image.recipe import Recipe
from conda_strata.image.reuse import Held
from conda_strata.registry.documents import Descriptor
from conda_strata.registry.repository import Repository
from conda_strata.spec import platforms

_log = logger(__name__)

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ACTIVATION = b"""\
# Activates the environment in login shells.
export PATH="$CONDA_PREFIX/bin:$PATH"
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
    if [ -r "$script" ]; then . "$script"; fi
done
unset script
"""


def tag(target: str, key: str) -> str:
    """Return the tag of a base image in a registry."""
    return f"{target}-base-{key}"


def find(
    recipe: Recipe,
    target: str,
    subdir: str,
    *,
    registries: Sequence[Repository],
    prefix: str,
    cache: str = "",
) -> tuple[Base, bool]:
    """Return the base of *target*, and whether it is new: no registry has it.

    Parameters
    ----------
    recipe
        What it is made from.
    target, subdir
        Which one.
    registries
        Where it may be.
    prefix
        Where the environment lives, for a base that is taken as it is.
    cache
        Image that a builder may take steps from.

    Raises
    ------
    StrataError
        When it has to be built, and that fails.
    """
    origins = recipe.origins(target)
    notes = origins[0].annotations if origins else {}
    if recipe.dockerfile is None:
        base = taken(origins[0].repository, origins[0].digest, subdir)
        return _set_up(base, prefix, notes, recipe), False
    key = recipe.key(target)
    for repository in registries:
        if found := oci_image.find(repository, tag(target, key), subdir):
            return Base(found.config, [Held(one, repository) for one in found.layers], notes), False
    memory = f"base {target} {key} {subdir}"
    base_here = _remembered(recipe.store, memory)
    if base_here is None:
        below = taken(origins[0].repository, origins[0].digest, subdir) if origins else None
        base_here = _built(recipe, recipe.dockerfile, target, subdir, below, cache)
        _remember(recipe.store, memory, base_here)
    return replace(base_here, annotations=notes), True


def taken(repository: Repository, reference: str, subdir: str) -> Base:
    """Return an image of a registry as a base, as it is.

    Raises
    ------
    NetworkError
        When there is none for the platform.
    """
    found = oci_image.find(repository, reference, subdir)
    if found is None:
        raise NetworkError(
            f"{repository.name}:{reference} is not there for {subdir}",
            "Name another base image, or leave the platform out.",
        )
    return Base(found.config, [Held(layer, repository) for layer in found.layers])


def _set_up(base: Base, prefix: str, notes: Mapping[str, str], recipe: Recipe) -> Base:
    """Return an image as it is, set up for an environment: active in any command and shell."""
    inner = base.config.get("config") or {}
    said = [str(one) for one in inner.get("Env") or []]
    path = next((one[5:] for one in said if one.startswith("PATH=")), _PATH)
    named = {"CONDA_PREFIX": prefix, "PATH": f"{prefix}/bin:{path}"}
    kept = [one for one in said if one.partition("=")[0] not in named]
    inner = {**inner, "Env": [*kept, *(f"{name}={value}" for name, value in named.items())]}
    if not inner.get("Entrypoint"):
        inner["Entrypoint"] = ["/bin/sh", "-l", "-c", 'exec "$@"', "sh"]
        inner["Cmd"] = inner.get("Cmd") or ["/bin/sh"]
    layer = _script(recipe)
    config = oci_image.append({**base.config, "config": inner}, [layer], {})
    return Base(config, [*base.layers, Held(layer)], notes)


def _script(recipe: Recipe) -> ImageLayer:
    """Return a layer with the script that activates the environment, as ``conda activate`` would."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("etc/profile.d/conda-strata.sh")
        member.size, member.mode, member.mtime = len(_ACTIVATION), 0o644, EPOCH
        tar.addfile(member, io.BytesIO(_ACTIVATION))
    plain.seek(0)
    with recipe.store.new() as file:
        blob = archive.repack(plain, file, recipe.settings.compression)
        recipe.store.take(file, blob.digest)
    about = Descriptor(blob.media_type, blob.digest, blob.size)
    return ImageLayer(about.as_json, blob.diff_id, "strata: activation of the environment")


def _built(
    recipe: Recipe,
    dockerfile: Dockerfile,
    target: str,
    subdir: str,
    below: Base | None,
    cache: str,
) -> Base:
    builder = local.find()
    _log.info("building the base image of %s", target)
    latest = saved.stamp(below) if dockerfile.takes(saved.STAMP) else None
    stamp = {} if latest is None else {saved.STAMP: str(latest)}
    name = builder.build(
        dockerfile.file,
        dockerfile.base_stage(target).name,
        platforms.docker(subdir),
        arguments={**stamp, **recipe.arguments},
        contexts=recipe.pinned_contexts(target),
        cache=cache,
    )
    originals = {held.layer.diff_id: held for held in (below.layers if below else ())}
    with local.removed(builder, name), tempfile.TemporaryDirectory(prefix="strata-") as folder:
        file = Path(folder) / "base.tar"
        builder.save(name, file)
        return saved.base(file, originals, recipe.store, recipe.settings.compression, latest)


def _remember(store: BlobStore, name: str, base: Base) -> None:
    layers = [
        {
            "descriptor": dict(held.layer.descriptor),
            "diff_id": held.layer.diff_id,
            "source": f"{held.source.name}" if held.source else "",
        }
        for held in base.layers
    ]
    store.note(name, {"config": dict(base.config), "layers": layers})


def _remembered(store: BlobStore, name: str) -> Base | None:
    """Return a base that was built here, unless something of it is gone."""
    said = store.noted(name)
    try:
        layers = [
            Held(
                ImageLayer(one["descriptor"], one["diff_id"]),
                Repository(one["source"]) if one["source"] else None,
            )
            for one in said["layers"]
        ]
        whole = all(held.source or store.holds(held.descriptor) for held in layers)
        return Base(said["config"], layers) if whole else None
    except (KeyError, TypeError, ValueError):
        return None
