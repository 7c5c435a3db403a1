"""Base images made on this machine, in place of the public ones.

`rig/debian` stands in for `debian:bookworm-slim`: minimal Debian with CA certificates.
`rig/python` stands in for `python:3-slim`: the same with Python and pip. Build containers reach
PyPI and Debian the way this machine does, so the machine's own extra CA certificates go in.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from rig.commands import apt_install, as_root, need, run, succeeds
from rig.errors import RigError
from rig.progress import step
from rig.state import cache_dir

DEBIAN = "rig/debian"
PYTHON = "rig/python"
TAG = "bookworm"
EXTRA_CERTIFICATES = Path("/usr/local/share/ca-certificates")
MIRROR = "http://deb.debian.org"
SOURCES = (
    f"deb {MIRROR}/debian bookworm main",
    f"deb {MIRROR}/debian bookworm-updates main",
    f"deb {MIRROR}/debian-security bookworm-security main",
)
INCLUDE = "ca-certificates"
# Runs as root with the new system's root as $1, after everything is installed.
CUSTOMIZE = r"""
set -eu
mkdir -p "$1/usr/local/share/ca-certificates"
for certificate in {certificates}/*.crt; do
    [ -e "$certificate" ] || continue
    install -m 644 "$certificate" "$1/usr/local/share/ca-certificates/"
done
chroot "$1" update-ca-certificates
"""
PYTHON_DOCKERFILE = r"""
FROM {debian}
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends python3 python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED \
    && ln -s python3 /usr/bin/python \
    && printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > /etc/pip.conf
"""
# The times of all files, so that the same packages give the same archive. 2024-01-01.
EPOCH = "1704067200"
CHECK = "set -e; python --version; pip download -q --no-deps -d /tmp six; apt-get update -qq"


def key() -> str:
    """Return the hash of everything that goes into the image from this side."""
    digest = hashlib.sha256()
    for text in (*SOURCES, INCLUDE, CUSTOMIZE, PYTHON_DOCKERFILE, EPOCH):
        digest.update(text.encode() + b"\0")
    for certificate in sorted(EXTRA_CERTIFICATES.glob("*.crt")):
        digest.update(certificate.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def prepare() -> Path:
    """Build the root file system, unless it is in the cache, and return the archive.

    Raises
    ------
    RigError
        When mmdebstrap is missing and cannot be installed, or fails.
    """
    archive = cache_dir() / f"base-{key()}.tar"
    if archive.exists():
        return archive
    mmdebstrap = need("mmdebstrap", "mmdebstrap")
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        apt_install("debian-archive-keyring")
    root = as_root() or []
    with step("base image"), tempfile.TemporaryDirectory(dir=cache_dir()) as temporary:
        hook = Path(temporary) / "customize"
        hook.write_text("#!/bin/sh" + CUSTOMIZE.format(certificates=EXTRA_CERTIFICATES))
        hook.chmod(0o755)
        output = Path(temporary) / "base.tar"
        run(
            [
                *(*root, "env", f"SOURCE_DATE_EPOCH={EPOCH}", mmdebstrap, "--variant=minbase"),
                *(f"--include={INCLUDE}", f'--customize-hook={hook} "$1"'),
                *("bookworm", str(output), *SOURCES),
            ],
            mend=f"Check that {MIRROR} can be reached from here.",
        )
        for old in cache_dir().glob("base-*.tar"):
            old.unlink()
        output.replace(archive)
    return archive


def ensure(registry: str, archive: Path) -> tuple[str, str]:
    """Have both images in the daemon and the registry, and return their references.

    Raises
    ------
    RigError
        When importing, building or pushing fails, or a container cannot reach PyPI and Debian.
    """
    debian, python = f"{registry}/{DEBIAN}:{TAG}", f"{registry}/{PYTHON}:{TAG}"
    if not _have(registry, DEBIAN):
        with step("base image into the daemon and the registry"):
            _import(archive, debian)
            _push(registry, DEBIAN)
    if not _have(registry, PYTHON):
        with step("base image with Python"):
            _build_python(debian, python)
            run(
                ["docker", "run", "--rm", python, "sh", "-c", CHECK],
                mend="Containers must reach PyPI and Debian's archive: check Docker's networking.",
                timeout=300,
            )
            _push(registry, PYTHON)
    return debian, python


def _have(registry: str, repository: str) -> bool:
    """Tell whether the current image is in the registry and, pulling it if need be, the daemon."""
    reference = f"{registry}/{repository}:{TAG}"
    stored = _digest(registry, repository, TAG)
    if stored is None or stored != _digest(registry, repository, key()):
        return False
    if not _daemon_has(reference):
        run(["docker", "pull", "-q", reference], mend="Is the rig's registry running?")
    return True


def _import(archive: Path, reference: str) -> None:
    run(
        ["docker", "import", "--change", "CMD bash", "--change", f"LABEL rig.key={key()}"]
        + [str(archive), reference],
        mend="See the Docker daemon's log.",
    )


def _build_python(debian: str, python: str) -> None:
    with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
        (Path(folder) / "Dockerfile").write_text(PYTHON_DOCKERFILE.format(debian=debian))
        run(
            ["docker", "build", "--quiet", f"--label=rig.key={key()}", f"--tag={python}", folder],
            mend="Containers must reach Debian's archive: check Docker's networking.",
            timeout=600,
        )


def _push(registry: str, repository: str) -> None:
    """Push an image under its tag and, so that a change of the inputs shows, under its key."""
    reference = f"{registry}/{repository}:{TAG}"
    keyed = f"{registry}/{repository}:{key()}"
    run(["docker", "tag", reference, keyed], mend="See the Docker daemon's log.")
    for name in (reference, keyed):
        run(["docker", "push", "-q", name], mend="Is the rig's registry running?")


def _daemon_has(reference: str) -> bool:
    """Tell whether the daemon has this image, made from the current inputs."""
    inspect = ["docker", "image", "inspect", reference]
    if not succeeds(inspect):
        return False
    found = json.loads(run(inspect, mend="See the Docker daemon's log."))
    labels = found[0].get("Config", {}).get("Labels") or {}
    return bool(labels.get("rig.key") == key())


def _digest(registry: str, repository: str, tag: str) -> str | None:
    """Return the digest of a tag in the registry, None when it is not there.

    Raises
    ------
    RigError
        When the registry answers with anything else than yes or no.
    """
    accepted = (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
    request = urllib.request.Request(
        f"http://{registry}/v2/{repository}/manifests/{tag}",
        headers={"Accept": ", ".join(accepted)},
        method="HEAD",
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return str(response.headers["Docker-Content-Digest"])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise RigError(f"The registry at {registry} answered {error}. Run `rig down`.") from error
