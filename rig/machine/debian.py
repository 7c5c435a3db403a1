"""File trees of Debian packages, for this machine and for others."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rig.machine.commands import apt_install, as_root, can_apt, need, run
from rig.machine.platforms import Platform
from rig.machine.state import cache_dir

SUITE = "bookworm"
UNSTABLE = "sid"
MIRROR = "http://deb.debian.org"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# The times of all files, so that the same packages give the same archive. 2024-01-01.
EPOCH = "1704067200"
# For $1, a tree that is still empty: Debian's packages expect /bin to be /usr/bin.
MERGE_USR = r"""
set -eu
for folder in bin lib lib64 sbin; do
    mkdir -p "$1/usr/$folder"
    ln -s "usr/$folder" "$1/$folder"
done
"""
# What configuring packages fills, with the same text on every machine ...
CONFIGURED = ("etc", "media", "mnt", "opt", "root", "run", "srv", "usr/local")
# ... apart from what the linker reads.
LINKER = ("etc/ld.so.cache", "etc/ld.so.conf.d/")
ALTERNATIVES = "/etc/alternatives/"
PYTHON = "3.11"
# The C++ library is for an emulator: wheels expect it on every system.
PYTHON_PACKAGES = "python3.11-minimal,libpython3.11-stdlib,python3-distutils,libstdc++6"


def sources(suite: str) -> tuple[str, ...]:
    """Return the lines of apt's sources for a suite."""
    if suite == UNSTABLE:
        return (f"deb {MIRROR}/debian {suite} main",)
    return (
        f"deb {MIRROR}/debian {suite} main",
        f"deb {MIRROR}/debian {suite}-updates main",
        f"deb {MIRROR}/debian-security {suite}-security main",
    )


def available() -> bool:
    """Tell whether Debian's packages can be fetched and unpacked here."""
    return shutil.which("mmdebstrap") is not None or can_apt()


def bootstrap(
    output: Path, *options: str, suite: str = SUITE, hooks: Sequence[tuple[str, str]]
) -> None:
    """Run mmdebstrap, which checks the packages' hashes against Debian's signed lists.

    Parameters
    ----------
    output
        The tar archive to make.
    options
        For mmdebstrap.
    suite
        The release of Debian.
    hooks
        When to run what: ("setup", script) or ("customize", script). A script gets the tree as $1.

    Raises
    ------
    RigError
        When mmdebstrap is missing and cannot be installed, or fails.
    """
    mmdebstrap = need("mmdebstrap", "mmdebstrap")
    if not KEYRING.exists():
        apt_install("debian-archive-keyring")
    with tempfile.TemporaryDirectory(dir=output.parent) as temporary:
        for when, script in hooks:
            path = Path(temporary) / when
            path.write_text(f"#!/bin/sh{script}")
            path.chmod(0o755)
            options += (f'--{when}-hook={path} "$1"',)
        run(
            [
                *(*(as_root() or []), "env", f"SOURCE_DATE_EPOCH={EPOCH}", mmdebstrap),
                *("--format=tar", *options, suite, str(output), *sources(suite)),
            ],
            fix=f"Check that {MIRROR} can be reached from here.",
        )


def extract(output: Path, platform: Platform, *include: str, suite: str = SUITE) -> None:
    """Unpack packages of another platform, and what they need, without running any of it.

    Raises
    ------
    RigError
        As `bootstrap` does.
    """
    bootstrap(
        output,
        "--variant=extract",
        f"--architectures={platform.debian}",
        *(f"--include={one}" for one in include),
        suite=suite,
        hooks=[("setup", MERGE_USR)],
    )


def configure_like(model: Path, extracted: Path, output: Path) -> None:
    """Complete an archive of merely unpacked packages with what configuring made in another one.

    Parameters
    ----------
    model
        The archive of a whole system, of any platform.
    extracted
        The archive to complete; it stays as it is.
    output
        The completed archive.
    """
    with (
        tarfile.open(extracted) as base,
        tarfile.open(model) as whole,
        tarfile.open(output, "w") as complete,
    ):
        for entry in base:
            complete.addfile(entry, base.extractfile(entry) if entry.isreg() else None)
        present = {_name(entry) for entry in base.getmembers()}
        for entry in whole:
            if _name(entry) not in present and _same_everywhere(entry):
                complete.addfile(entry, whole.extractfile(entry) if entry.isreg() else None)


def _same_everywhere(entry: tarfile.TarInfo) -> bool:
    name = _name(entry)
    inside = any(name == folder or name.startswith(f"{folder}/") for folder in CONFIGURED)
    chosen = entry.issym() and entry.linkname.startswith(ALTERNATIVES)
    return (inside and not name.startswith(LINKER)) or chosen


def _name(entry: tarfile.TarInfo) -> str:
    return os.path.normpath(entry.name)


def python(platform: Platform) -> Path:
    """Return an archive with Debian's Python for another platform, making it when it is not there.

    Raises
    ------
    RigError
        As `bootstrap` does.
    """
    inputs = "\0".join((*sources(SUITE), PYTHON_PACKAGES, MERGE_USR, EPOCH))
    key = hashlib.sha256(inputs.encode()).hexdigest()[:12]
    archive = cache_dir() / f"python-{platform.debian}-{key}.tar"
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=cache_dir()) as temporary:
            output = Path(temporary) / "python.tar"
            extract(output, platform, PYTHON_PACKAGES)
            for old in cache_dir().glob(f"python-{platform.debian}-*.tar"):
                old.unlink()
            output.replace(archive)
    return archive
