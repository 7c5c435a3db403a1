"""A real image registry on loopback, and what is in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from conda_strata.image.oci_image import KEY
from conda_strata.registry.documents import CONFIG, MANIFEST
from conda_strata.registry.repository import Repository
from rig.machine import ports
from rig.machine.commands import apt_install, can_apt

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SERVER = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/store}}}}
http: {{addr: "{address}", secret: test}}
"""
LOGIN = "auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}\n"
USERS = "scientist:$2b$04$905PHzOADaoxqqmYo0TqMOJHVEuwmOEuJhz0v3aW5tDoluPy1aZzW\n"


@contextmanager
def serving(folder: Path, *, login: bool = False) -> Iterator[str]:
    """Run Debian's registry and yield its address; with *login* for scientist:secret alone."""
    if shutil.which("docker-registry") is None and can_apt():
        apt_install("docker-registry")
    if shutil.which("docker-registry") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Debian's docker-registry")
        pytest.skip("NO REGISTRY: Debian's docker-registry is not here and cannot be installed")
    address = f"127.0.0.1:{ports.choose('127.0.0.1', 0)}"
    (folder / "users").write_text(USERS)
    config = folder / "registry.yml"
    config.write_text((SERVER + LOGIN * login).format(folder=folder, address=address))
    with (folder / "registry.log").open("w") as log:
        server = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        ports.wait_for(lambda: _listens(address), 15, "docker-registry does not answer")
        yield address
    finally:
        server.terminate()
        server.wait()


@dataclass(frozen=True)
class Files:
    """The layers of an image: digest and files of each, lowest first, without the base's."""

    digests: list[str]
    trees: list[dict[str, bytes]]

    @property
    def together(self) -> dict[str, bytes]:
        """What a container sees."""
        return {path: data for tree in self.trees for path, data in tree.items()}


def add_base(address: str, name: str, architectures: tuple[str, ...] = ("amd64",)) -> str:
    """Push an image of one small layer for each architecture, and return its reference."""
    repository = Repository(f"{address}/{name}")
    manifests = []
    for architecture in architectures:
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as tar:
            member = tarfile.TarInfo("etc/architecture")
            member.size = len(architecture)
            tar.addfile(member, io.BytesIO(architecture.encode()))
        layer = gzip.compress(plain.getvalue(), mtime=0)
        config = {
            "os": "linux",
            "architecture": architecture,
            "config": {"Env": ["A=B"], "Cmd": ["python"], "User": "1000"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(plain.getvalue())]},
            "history": [{"created_by": "base"}],
        }
        described = json.dumps(config).encode()
        for data in (layer, described):
            _upload(repository, data)
        content = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": CONFIG, "digest": _digest(described), "size": len(described)},
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "digest": _digest(layer),
                    "size": len(layer),
                }
            ],
        }
        content["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"  # type: ignore[index]
        document = repository.put(content, repository.tag if len(architectures) == 1 else None)
        manifests.append(
            {
                "mediaType": document.media_type,
                "digest": document.digest,
                "size": document.size,
                "platform": {"os": "linux", "architecture": architecture},
            }
        )
    if len(architectures) > 1:
        kind = "application/vnd.docker.distribution.manifest.list.v2+json"
        repository.put(
            {"schemaVersion": 2, "mediaType": kind, "manifests": manifests}, repository.tag
        )
    return f"{address}/{name}"


def add_no_image(reference: str) -> None:
    """Give a tag to a manifest whose configuration and layer are nothing of the kind."""
    repository = Repository(reference)
    data = b"this is neither a configuration nor a layer"
    _upload(repository, data)
    part = {"digest": _digest(data), "size": len(data)}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **part}
    content = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer]}
    repository.put({**content, "config": {"mediaType": CONFIG, **part}}, repository.tag)


def plant(archive: Path, name: str, tags: Iterable[str]) -> str:
    """Push the image of an OCI *archive* with other bytes in each layer that strata made of packages.

    Returns
    -------
        The digest of these bytes.
    """
    with tarfile.open(archive) as tar:
        blobs = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]
    manifest = json.loads(blobs["index.json"])
    while "manifests" in manifest:
        algorithm, _, digest = manifest["manifests"][0]["digest"].partition(":")
        manifest = json.loads(blobs[f"blobs/{algorithm}/{digest}"])
    repository = Repository(name)
    poison = b"these are no packages"
    for data in (poison, blobs[manifest["config"]["digest"].replace("sha256:", "blobs/sha256/")]):
        _upload(repository, data)
    made = [one for one in manifest["layers"] if KEY in (one.get("annotations") or {})]
    for one in made:
        one |= {"digest": _digest(poison), "size": len(poison)}
    manifest["layers"] = made
    for tag in tags:
        repository.put(manifest, tag)
    return _digest(poison)


def files(reference: str) -> Files:
    """Fetch an image's layers, and check every digest and size on the way."""
    host, _, rest = reference.partition("/")
    name, _, tag = rest.replace("@", ":", 1).partition(":")
    manifest = document(f"http://{host}/v2/{name}/manifests/{tag}")
    assert manifest["mediaType"] == MANIFEST
    config = document(f"http://{host}/v2/{name}/blobs/{manifest['config']['digest']}")
    assert len(config["rootfs"]["diff_ids"]) == len(manifest["layers"])
    assert len([h for h in config["history"] if not h.get("empty_layer")]) == len(
        manifest["layers"]
    )
    digests, trees = [], []
    for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        data = fetch(f"http://{host}/v2/{name}/blobs/{layer['digest']}")
        assert (_digest(data), len(data)) == (layer["digest"], layer["size"])
        plain = (zstd.decompress if layer["mediaType"].endswith("zstd") else gzip.decompress)(data)
        assert _digest(plain) == diff_id
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            members = [member for member in tar if not member.isdir()]
            trees.append({m.name: _content(tar, m) for m in members})
        digests.append(layer["digest"])
    return Files(digests[1:], trees[1:])


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    handle = tar.extractfile(member) if member.isfile() else None
    return handle.read() if handle else member.linkname.encode()


def document(url: str) -> Any:
    """Fetch a JSON document."""
    return json.loads(fetch(url))


def fetch(url: str) -> bytes:
    """Fetch a manifest or blob."""
    accepted = {"Accept": f"{MANIFEST}, application/vnd.oci.image.index.v1+json"}
    answer = requests.get(url, headers=accepted, timeout=30)
    answer.raise_for_status()
    return answer.content


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _upload(repository: Repository, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "blob"
        file.write_bytes(data)
        repository.upload(file, _digest(data))


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
