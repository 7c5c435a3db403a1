"""Make conda packages: from a wheel, or from a folder laid out as an environment."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rattler_build import FileEntry, assemble_package

from rig.channel import elf, link_json
from rig.channel.depends import conda_name, version_spec
from rig.channel.wheel import Wheel, installed_path, members
from rig.machine.state import scratch

# Every package carries the same time, so that the same content gives the same bytes.
TIMESTAMP = datetime(2024, 1, 1, tzinfo=UTC)
# zstd's 5 of 9: twice as quick as 9, and 10 % larger.
COMPRESSION = 5
GOMP = "libgomp.so.1"

# /bin/sh runs the second line, which replaces it by the Python beside this file; to Python that
# line is a string. So the script works in whatever folder the environment ends up in.
LAUNCHER = """\
#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
' '''
"""
ENTRY_POINT = (
    LAUNCHER
    + """\
import sys

from {module} import {top}

if __name__ == "__main__":
    sys.exit({function}())
"""
)


def from_wheel(
    wheel: Wheel, depends: Sequence[str], lost: frozenset[str], python: str, subdir: str, out: Path
) -> Path:
    """Turn a wheel into a conda package and return its file in `out`.

    Parameters
    ----------
    wheel
        The wheel.
    depends
        What it needs apart from Python, as match specifications.
    lost
        Installed paths that another package owns; they are left out.
    python
        "3.11".
    subdir
        The channel's folder for packages that are not pure ("linux-64").
    out
        Where the package file goes.
    """
    with tempfile.TemporaryDirectory(dir=scratch()) as temporary:
        tree = Path(temporary)
        entry_points = [
            entry for entry in wheel.scripts if f"bin/{entry.split(' = ')[0]}" not in lost
        ]
        _unpack(wheel, tree, lost, python)
        needs = [*depends, _python_spec(wheel, python)]
        if not wheel.pure:
            _write_launchers(tree / "bin", entry_points)
            if _use_channel_gomp(tree):
                needs.append("libgomp")
        return assemble(
            tree,
            name=conda_name(wheel.name),
            version=wheel.version,
            flavour="py" if wheel.pure else f"py{python.replace('.', '')}",
            subdir="noarch" if wheel.pure else subdir,
            depends=sorted(needs),
            entry_points=entry_points if wheel.pure else None,
            summary=wheel.summary,
            out=out,
        )


def assemble(
    tree: Path,
    *,
    name: str,
    version: str,
    flavour: str,
    subdir: str,
    depends: Sequence[str],
    out: Path,
    entry_points: Sequence[str] | None = None,
    summary: str = "",
) -> Path:
    """Pack a folder as a conda package and return its file.

    The build string is `flavour`, seven digits of the content's hash, and "_0". `entry_points`
    (possibly none) make it a `noarch: python` package.
    """
    files = sorted(path for path in tree.rglob("*") if path.is_symlink() or not path.is_dir())
    digest = hashlib.sha256(json.dumps([list(depends), list(entry_points or ())]).encode())
    for path in files:
        content = path.readlink() if path.is_symlink() else path.read_bytes()
        digest.update(f"{path.relative_to(tree)}\0".encode())
        digest.update(content if isinstance(content, bytes) else str(content).encode())
    made = assemble_package(
        name,
        version,
        subdir,
        f"{flavour}h{digest.hexdigest()[:7]}_0",
        out,
        # A list, because a whole folder would be taken without its hidden files.
        files=[FileEntry.from_paths(path, path.relative_to(tree)) for path in files],
        depends=list(depends),
        noarch=None if entry_points is None else "python",
        compression_level=COMPRESSION,
        compression_threads=1,
        timestamp=TIMESTAMP,
        # Scripts find their Python beside them, so nothing holds the path of an environment.
        detect_prefix=False,
        summary=summary or None,
    )
    if entry_points is not None:
        link_json.add(Path(made.path), entry_points, TIMESTAMP)
    return Path(made.path)


def _unpack(wheel: Wheel, tree: Path, lost: frozenset[str], python: str) -> None:
    """Lay out a wheel's files in `tree`."""
    with zipfile.ZipFile(wheel.path) as archive:
        for member in members(wheel, python):
            if installed_path(member, wheel, python) in lost:
                continue
            content = archive.read(member.source)
            if member.script:
                content = re.sub(rb"\A#!pythonw?[^\n]*\n", LAUNCHER.encode(), content)
            elif member.target.match("share/jupyter/kernels/*/kernel.json"):
                content = _portable_kernel(content)
            target = tree / member.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o755 if member.executable else 0o644)


def _portable_kernel(content: bytes) -> bytes:
    """Let a Jupyter kernel start the `python` of the environment that Jupyter runs in."""
    kernel = json.loads(content)
    kernel["argv"][0] = "python"
    return (json.dumps(kernel, indent=1) + "\n").encode()


def _write_launchers(folder: Path, entry_points: Sequence[str]) -> None:
    for entry in entry_points:
        name, _, target = entry.partition(" = ")
        module, _, function = target.partition(":")
        folder.mkdir(parents=True, exist_ok=True)
        script = folder / name
        top = function.split(".")[0]
        script.write_text(ENTRY_POINT.format(module=module, top=top, function=function))
        script.chmod(0o755)


def _python_spec(wheel: Wheel, python: str) -> str:
    if wheel.pure:
        return f"python {version_spec(wheel.requires_python)}".strip()
    major, minor = python.split(".")
    return f"python >={python},<{major}.{int(minor) + 1}.0a0"


def _use_channel_gomp(tree: Path) -> bool:
    """Point libraries that expect the system's OpenMP runtime at the channel's.

    Most wheels bring their own copy; the rest fail to load on a minimal system.
    """
    found = False
    for library in sorted(tree.rglob("*.so*")):
        if GOMP.encode() in library.read_bytes() and GOMP in elf.needed(library):
            depth = len(library.parent.relative_to(tree / "lib").parts)
            elf.add_search_path(library, "$ORIGIN/" + "/".join([".."] * depth))
            found = True
    return found
