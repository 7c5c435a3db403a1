"""The registry of a moment: what Docker's clients expect of it, and what others get."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from conda_strata.image import loopback
from conda_strata.image.blobs import BlobStore
from conda_strata.image.compose import Composed
from conda_strata.image.loopback import Loopback
from conda_strata.image.oci_image import ImageLayer
from conda_strata.image.reuse import Held

LAYER = b"layer" * 1000


@pytest.fixture
def image(tmp_path: Path) -> tuple[Composed, BlobStore]:
    store = BlobStore(tmp_path / "store")
    digest = store.add(LAYER)
    kind = "application/vnd.oci.image.layer.v1.tar+zstd"
    about = {"mediaType": kind, "digest": digest, "size": len(LAYER)}
    manifest = json.dumps({"layers": [about]}).encode()
    return Composed("linux-64", manifest, b"{}", [Held(ImageLayer(about, "sha256:0"))]), store


@pytest.fixture
def served(image: tuple[Composed, BlobStore]) -> Iterator[Loopback]:
    with loopback.serving([image[0]], image[1]) as served:
        yield served


def test_manifest_config_and_layers_by_digest(
    served: Loopback, image: tuple[Composed, BlobStore]
) -> None:
    host, _, path = served.name.partition("/")
    manifest = requests.get(f"http://{host}/v2/{path}/manifests/{image[0].digest}", timeout=5)
    assert manifest.content == image[0].manifest
    assert manifest.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest.headers["Docker-Content-Digest"] == image[0].digest
    for data in (b"{}", LAYER):
        url = f"http://{host}/v2/{path}/blobs/sha256:{hashlib.sha256(data).hexdigest()}"
        assert requests.get(url, timeout=5).content == data
        asked = requests.head(url, timeout=5)
        assert (asked.status_code, int(asked.headers["Content-Length"])) == (200, len(data))


def test_nobody_gets_anything_who_does_not_know_its_name(
    served: Loopback, image: tuple[Composed, BlobStore]
) -> None:
    host, _, path = served.name.partition("/")
    for name in ("other", f"{path}/..", "", f"{path}x"):
        url = f"http://{host}/v2/{name}/manifests/{image[0].digest}"
        assert requests.get(url, timeout=5).status_code == 404
    assert requests.put(f"http://{host}/v2/{path}/manifests/x", b"{}", timeout=5).status_code == 501


def test_it_says_that_it_is_a_registry(served: Loopback) -> None:
    answer = requests.get(f"http://{served.name.partition('/')[0]}/v2/", timeout=5)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["Docker-Distribution-API-Version"] == "registry/2.0"
    assert "Docker-Content-Digest" not in answer.headers


def test_a_head_has_no_body_and_a_layer_is_no_manifest(
    served: Loopback, image: tuple[Composed, BlobStore]
) -> None:
    host, _, path = served.name.partition("/")
    layer = image[0].layers[0].descriptor.digest
    codes = {
        f"{path}/manifests/{image[0].digest}": 200,
        f"{path}/blobs/{layer}": 200,
        f"{path}/manifests/{layer}": 404,
        f"{path}/blobs/sha256:0": 404,
    }
    with requests.Session() as session:  # a body would be the start of the next answer
        for method in ("HEAD", "GET", "HEAD"):
            for name, code in codes.items():
                answer = session.request(method, f"http://{host}/v2/{name}", timeout=5)
                assert answer.status_code == code
                if method == "GET":
                    assert len(answer.content) == int(answer.headers["Content-Length"])


def test_tls_is_answered_in_plain_http_at_once(served: Loopback) -> None:
    """So Docker, whose first try is TLS, goes on without."""
    host = served.name.partition("/")[0]
    with pytest.raises(requests.exceptions.SSLError) as refused:
        requests.get(f"https://{host}/v2/", timeout=5)
    assert "WRONG_VERSION_NUMBER" in str(refused.value) or "HTTP_REQUEST" in str(refused.value)


def test_a_layer_that_is_gone_is_told(
    served: Loopback, image: tuple[Composed, BlobStore], tmp_path: Path
) -> None:
    host, _, path = served.name.partition("/")
    image[1]._sound.clear()
    for blob in (tmp_path / "store" / "blobs" / "sha256").iterdir():
        blob.unlink()
    url = f"http://{host}/v2/{path}/blobs/{image[0].layers[0].descriptor.digest}"
    assert requests.get(url, timeout=5).status_code == 500
    assert "is gone or damaged" in served.faults[0].what
