"""Base images made on this machine, in place of the public ones.

`rig/debian` stands in for `debian:trixie-slim`: minimal Debian with CA certificates, for both
platforms. The other platform's is unpacked and never run, so it is for images that are only put
together here.
`rig/python` stands in for `python:3-slim`: the same with Python and pip, for this machine only.
Build containers reach PyPI and Debian the way this machine does, so the machine's own extra CA
certificates go in.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from rig.images import registry
from rig.machine import debian
from rig.machine.commands import run, succeeds
from rig.machine.errors import RigError
from rig.machine.platforms import PLATFORMS, Platform, foreign, native
from rig.machine.progress import step
from rig.machine.state import cache_dir

DEBIAN = "rig/debian"
PYTHON = "rig/python"
TAG = SUITE = "trixie"
EXTRA_CERTIFICATES = Path("/usr/local/share/ca-certificates")
INCLUDE = "ca-certificates"
# What the variant minbase consists of.
MINIMAL = ("?essential", "?priority(required)", "apt")
# What the public slim images leave out, of later packages too, and how apt leaves nothing behind in
# them: https://github.com/debuerreotype/debuerreotype.
SLIM = tuple(
    f"--dpkgopt=path-{what}"
    for what in (
        *(f"exclude=/usr/share/{one}/*" for one in ("doc", "groff", "info", "locale", "man")),
        "exclude=/usr/share/lintian/overrides/*",
        "include=/usr/share/doc/*/copyright",
        "include=/usr/share/locale/locale.alias",
    )
)
APT = r"""
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
"""
# Runs as root with the new system's root as $1, after everything is installed.
CUSTOMIZE = r"""
set -eu
mkdir -p "$1/usr/local/share/ca-certificates"
for certificate in {certificates}/*.crt; do
    [ -e "$certificate" ] || continue
    install -m 644 "$certificate" "$1/usr/local/share/ca-certificates/"
done
chroot "$1" update-ca-certificates
cat > "$1/etc/apt/apt.conf.d/docker-clean" <<'END'
{apt}END
rm -f "$1"/var/cache/apt/*.bin
"""
PYTHON_DOCKERFILE = r"""
FROM {debian}
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends python3 python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED \
    && ln -s python3 /usr/bin/python \
    && printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > /etc/pip.conf
"""
CHECK = "set -e; python --version; pip download -q --no-deps -d /tmp six; apt-get update -qq"


def key() -> str:
    """Return the hash of everything that goes into the image from this side."""
    digest = hashlib.sha256(repr(PLATFORMS).encode())
    texts = (
        *debian.sources(SUITE),
        INCLUDE,
        *MINIMAL,
        *SLIM,
        APT,
        debian.MERGE_USR,
        CUSTOMIZE,
        PYTHON_DOCKERFILE,
    )
    for text in (*texts, debian.EPOCH):
        digest.update(text.encode() + b"\0")
    for certificate in sorted(EXTRA_CERTIFICATES.glob("*.crt")):
        digest.update(certificate.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def prepare() -> dict[Platform, Path]:
    """Build the root file systems that are not in the cache, and return the archives.

    Raises
    ------
    RigError
        When mmdebstrap is missing and cannot be installed, or fails.
    """
    here, other = native(), foreign()
    archives = {one: cache_dir() / f"{SUITE}-{one.debian}-{key()}.tar" for one in (here, other)}
    if all(archive.exists() for archive in archives.values()):
        return archives
    with step("base image"), tempfile.TemporaryDirectory(dir=cache_dir()) as temporary:
        whole, extracted, completed = (Path(temporary) / f"{number}.tar" for number in range(3))
        customize = CUSTOMIZE.format(certificates=EXTRA_CERTIFICATES, apt=APT)
        options = ("--variant=minbase", f"--include={INCLUDE}", *SLIM)
        debian.bootstrap(whole, *options, suite=SUITE, hooks=[("customize", customize)])
        debian.extract(extracted, other, *MINIMAL, INCLUDE, suite=SUITE)
        debian.configure_like(whole, extracted, completed)
        for old in cache_dir().glob(f"{SUITE}-*.tar"):
            old.unlink()
        whole.replace(archives[here])
        completed.replace(archives[other])
    return archives


def ensure(address: str, archives: dict[Platform, Path]) -> tuple[str, str]:
    """Have both images in the daemon and the registry, and return their references.

    Raises
    ------
    RigError
        When importing, building or pushing fails, or a container cannot reach PyPI and Debian.
    """
    base, python = f"{address}/{DEBIAN}:{TAG}", f"{address}/{PYTHON}:{TAG}"
    if not _have(address, DEBIAN):
        with step("base image into the daemon and the registry"):
            parts = [_import(archive, base, platform) for platform, archive in archives.items()]
            _push_together(address, parts)
    if not _have(address, PYTHON):
        with step("base image with Python"):
            _build_python(base, python)
            run(
                ["docker", "run", "--rm", python, "sh", "-c", CHECK],
                fix="Containers must reach PyPI and Debian's archive: check Docker's networking.",
                timeout=300,
            )
            _push(address, PYTHON)
    return base, python


def _have(address: str, repository: str) -> bool:
    """Tell whether the current image is in the registry and, pulling it if need be, the daemon."""
    reference = f"{address}/{repository}:{TAG}"
    stored = registry.digest(address, repository, TAG)
    if stored is None or stored != registry.digest(address, repository, key()):
        return False
    if not _daemon_has(reference):
        _pull(reference)
    return True


def _pull(reference: str) -> None:
    run(["docker", "pull", "-q", reference], fix="Is the rig's registry running?")


def _import(archive: Path, reference: str, platform: Platform) -> str:
    """Make an image for one platform, push it, and return its reference."""
    part = f"{reference}-{platform.debian}"
    run(
        ["docker", "import", "--change", "CMD bash", "--change", f"LABEL rig.key={key()}"]
        + ["--platform", platform.docker, str(archive), part],
        fix="See the Docker daemon's log.",
    )
    _send(part)
    return part


def _push_together(address: str, parts: list[str]) -> None:
    """Make one image for several platforms from pushed ones, and have this machine's here."""
    reference = f"{address}/{DEBIAN}:{TAG}"
    # Under its key too, as `_push` does.
    tags = [reference, f"{address}/{DEBIAN}:{key()}"]
    run(
        ["docker", "buildx", "imagetools", "create"] + [f"--tag={tag}" for tag in tags] + parts,
        fix="Docker needs its buildx plugin, and the rig's registry.",
    )
    _pull(reference)
    run(["docker", "rmi", *parts], fix="See the Docker daemon's log.")


def _build_python(base: str, python: str) -> None:
    with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
        (Path(folder) / "Dockerfile").write_text(PYTHON_DOCKERFILE.format(debian=base))
        run(
            ["docker", "build", "--quiet", f"--label=rig.key={key()}", f"--tag={python}", folder],
            fix="Containers must reach Debian's archive: check Docker's networking.",
            timeout=600,
        )


def _push(address: str, repository: str) -> None:
    """Push an image under its tag and, so that a change of the inputs shows, under its key."""
    reference = f"{address}/{repository}:{TAG}"
    keyed = f"{address}/{repository}:{key()}"
    run(["docker", "tag", reference, keyed], fix="See the Docker daemon's log.")
    for name in (reference, keyed):
        _send(name)


def _send(reference: str) -> None:
    """Push an image; once more where the registry read the tag that it was just writing."""
    command = ["docker", "push", "-q", reference]
    try:
        run(command, fix="Is the rig's registry running?")
    except RigError:
        run(command, fix="Is the rig's registry running?")


def _daemon_has(reference: str) -> bool:
    """Tell whether the daemon has this image, made from the current inputs."""
    inspect = ["docker", "image", "inspect", reference]
    if not succeeds(inspect):
        return False
    found = json.loads(run(inspect, fix="See the Docker daemon's log."))
    labels = found[0].get("Config", {}).get("Labels") or {}
    return bool(labels.get("rig.key") == key())
