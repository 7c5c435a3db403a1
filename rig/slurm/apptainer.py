"""Apptainer on this machine: that of Debian unstable, in a tree with that release's C library."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from rig.machine import debian
from rig.machine.commands import is_root, run
from rig.machine.errors import RigError
from rig.machine.progress import step
from rig.machine.state import atomic_folder, cache_dir

OPTIONS = (
    "--variant=minbase",
    "--include=apptainer",
    # A mirror may lag behind; the signature is checked all the same.
    '--aptopt=Acquire::Check-Valid-Until "false"',
)
# Root may lack a capability itself, as in a container, and has none inside then.
CUSTOMIZE = r"""
set -eu
sed -i 's/^root default capabilities = full/root default capabilities = no/' "$1/etc/apptainer/apptainer.conf"
touch "$1/etc/hosts" "$1/etc/resolv.conf"
mkdir "$1/machine"
"""
# Apptainer looks for mount points, so a mere chroot is not enough. All but the system is this machine's.
PROGRAM = r"""#!/bin/sh
PATH=$PATH:/usr/sbin:/sbin
exec unshare --mount sh -euc '
root=$1 here=$PWD
shift
mount --bind "$root" "$root"
for place in /* /etc/hosts /etc/resolv.conf; do
    case $place in /bin|/boot|/etc|/lib*|/opt|/sbin|/usr|/var) continue;; esac
    if [ -d "$place" ] && [ ! -L "$place" ]; then mkdir -p "$root$place"
    elif [ ! -f "$root$place" ]; then continue; fi
    mount --rbind "$place" "$root$place"
done
cd "$root"
pivot_root . machine
umount --lazy /machine
cd "$here"
exec /usr/bin/apptainer "$@"' sh {root} "$@"
"""


def install(folder: Path) -> None:
    """Put the program ``apptainer`` into *folder*.

    Raises
    ------
    RigError
        When this is not root, or Debian's packages cannot be fetched.
    """
    if not is_root():
        raise RigError("this Apptainer has a tree of its own, which only root can enter")
    program = folder / "apptainer"
    program.write_text(PROGRAM.format(root=_tree()), "utf-8")
    program.chmod(0o755)


def _tree() -> Path:
    inputs = "\0".join((*debian.sources(debian.UNSTABLE), *OPTIONS, CUSTOMIZE, debian.EPOCH))
    tree = cache_dir() / f"apptainer-{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"
    if not tree.exists():
        with (
            step("Apptainer from Debian unstable"),
            tempfile.TemporaryDirectory(dir=cache_dir()) as temporary,
            atomic_folder(tree) as new,
        ):
            packed = Path(temporary) / "tree.tar"
            hooks = [("customize", CUSTOMIZE)]
            debian.bootstrap(packed, *OPTIONS, suite=debian.UNSTABLE, hooks=hooks)
            run(["tar", "-C", str(new), "-xf", str(packed)], fix="Is the disk full?")
    return tree
