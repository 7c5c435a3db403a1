"""A composed image, into this machine's Docker or Podman."""

from __future__ import annotations

import tempfile
from pathlib import Path

from conda_strata.core.log import logger
from conda_strata.image import loopback, oci_archive
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Composed
from conda_strata.image.local import Local, removed

_log = logger(__name__)


def load(local: Local, name: str, image: Composed, store: BlobStore) -> None:
    """Put an image of one platform into *local*, under *name*.

    It is pulled from a registry that is served for that, so layers that are there already do not
    move. A daemon on another machine, such as Docker Desktop's, cannot reach that: it gets an archive.

    Raises
    ------
    StrataError
        When that fails, or a layer cannot be fetched.
    """
    with loopback.serving([image], store) as served:
        reference = f"{served.name}@{image.digest}"
        if local.pull(reference):
            with removed(local, reference):
                local.tag(reference, name)
            return
        if served.faults:
            raise served.faults[0]
    _log.info("%s cannot pull from here: it gets an archive", local.title)
    with tempfile.TemporaryDirectory(prefix="strata-") as folder:
        file = Path(folder) / "image.tar"
        oci_archive.write(file, {name: [image]}, store)
        local.load(file)
