"""An image registry on loopback, its store in the cache folder."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from rig.machine import ports, process
from rig.machine.commands import apt_install, can_apt, run, succeeds
from rig.machine.errors import RigError
from rig.machine.progress import note, step
from rig.machine.state import State, atomic_write, cache_dir

HOST = "127.0.0.1"
PORT = 5000
CONTAINER = "ds-cookiecutter-rig-registry"

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)

CONFIG = """\
version: 0.1
log:
  level: error
storage:
  filesystem:
    rootdirectory: {store}
  delete:
    enabled: true
  redirect:
    disable: true
http:
  addr: {address}
  secret: rig
"""


def ensure(state: State) -> str:
    """Have a registry running, and return its address ("127.0.0.1:5000").

    Raises
    ------
    RigError
        When no registry can be had, or it does not answer.
    """
    known = state.processes.get("registry")
    if known and process.alive(known) and ports.answers(f"http://{known.address}/v2/"):
        return known.address
    process.stop(known)
    if shutil.which("docker-registry") is None and can_apt():
        with step("docker-registry from Debian"):
            apt_install("docker-registry")
    if shutil.which("docker-registry") is None:
        return _container(state)
    return _program(state)


def _address(state: State) -> str:
    """Choose the port: last time's, else 5000, else a free one."""
    port = ports.choose(HOST, state.ports.get("registry", PORT))
    if state.ports.get("registry") != port != PORT:
        note(f"port {PORT} is taken, the registry uses {port}")
    state.ports["registry"] = port
    return f"{HOST}:{port}"


def _store() -> Path:
    store = cache_dir() / "registry"
    store.mkdir(exist_ok=True)
    return store


def _program(state: State) -> str:
    """Start Debian's registry."""
    address = _address(state)
    config = cache_dir() / "registry.yml"
    atomic_write(config, CONFIG.format(store=_store(), address=address))
    log = cache_dir() / "registry.log"
    state.processes["registry"] = process.start(
        ["docker-registry", "serve", str(config)], log, address=address, serves=str(_store())
    )
    state.save()
    ports.wait_for(
        lambda: ports.answers(f"http://{address}/v2/"),
        15,
        f"The registry does not answer at {address}. Its log is {log}.",
    )
    return address


def _container(state: State) -> str:
    """Run the registry's public image, for systems without Debian's packages."""
    if known := state.containers.get("registry"):
        address = f"{HOST}:{state.ports['registry']}"
        if ports.answers(f"http://{address}/v2/"):
            return address
        succeeds(["docker", "rm", "-f", known])
    address = _address(state)
    run(
        [
            *("docker", "run", "-d", "--name", CONTAINER, "-p", f"{address}:5000"),
            *("-v", f"{_store()}:/var/lib/registry"),
            *("-e", "REGISTRY_STORAGE_DELETE_ENABLED=true", "registry:2"),
        ],
        fix="Install docker-registry, or give the Docker daemon access to Docker Hub.",
    )
    state.containers["registry"] = CONTAINER
    state.save()
    ports.wait_for(
        lambda: ports.answers(f"http://{address}/v2/"),
        15,
        f"The registry container does not answer at {address}. See `docker logs {CONTAINER}`.",
    )
    return address


def digest(address: str, repository: str, tag: str) -> str | None:
    """Return the digest of a tag in the registry, None when it is not there.

    Raises
    ------
    RigError
        When the registry answers with anything else than yes or no.
    """
    request = urllib.request.Request(
        f"http://{address}/v2/{repository}/manifests/{tag}",
        headers={"Accept": ", ".join(MANIFESTS)},
        method="HEAD",
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return str(response.headers["Docker-Content-Digest"])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise RigError(f"The registry at {address} answered {error}. Run `rig down`.") from error


def tag(reference: str, name: str) -> None:
    """Give the image *reference* ("HOST/NAME@DIGEST") of the registry one more name, byte for byte.

    Raises
    ------
    urllib.error.HTTPError
        When it is not there.
    """
    host, _, rest = reference.partition("/")
    repository, _, digest = rest.partition("@")
    url = f"http://{host}/v2/{repository}/manifests"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    asked = urllib.request.Request(f"{url}/{digest}", headers={"Accept": ", ".join(MANIFESTS)})
    with opener.open(asked, timeout=10) as response:
        kind, manifest = response.headers["Content-Type"], response.read()
    put = urllib.request.Request(
        f"{url}/{name}", data=manifest, headers={"Content-Type": kind}, method="PUT"
    )
    opener.open(put, timeout=10).close()


def tags(address: str, repository: str) -> set[str]:
    """Return the tags of a repository in the registry; none where there is no such repository."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}/v2/{repository}/tags/list", timeout=10) as response:
            return set(json.load(response)["tags"] or ())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return set()
        raise RigError(f"The registry at {address} answered {error}. Run `rig down`.") from error


def writes(name: str) -> list[str]:
    """Return the requests of its log that would change the images of *name*, oldest first."""
    request = re.compile(rf'"((?:DELETE|PATCH|POST|PUT) /v2/{re.escape(name)}/\S*)')
    return request.findall((cache_dir() / "registry.log").read_text("utf-8", "replace"))
