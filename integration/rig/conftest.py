"""Tiny wheels, made by hand, so that nothing is downloaded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MakeWheel = Callable[..., Path]


@pytest.fixture
def make_wheel(tmp_path: Path) -> MakeWheel:
    """Write a wheel with the given files; the ones in `executable` get that mode."""

    def make(
        name: str = "tiny",
        version: str = "1.0",
        tag: str = "py3-none-any",
        files: Mapping[str, str] | None = None,
        metadata: str = "",
        entry_points: str = "",
        executable: tuple[str, ...] = (),
    ) -> Path:
        info = f"{name}-{version}.dist-info"
        header = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        content = {
            f"{name}/_vendor/other-1.dist-info/METADATA": "Name: other\nRequires-Dist: vendored\n",
            **(files or {f"{name}/__init__.py": "def main():\n    print('hello')\n"}),
            f"{info}/METADATA": header + metadata + "\nA description.\nRequires-Dist: not-one\n",
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n",
        }
        if entry_points:
            content[f"{info}/entry_points.txt"] = entry_points
        path = tmp_path / f"{name}-{version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in content.items():
                entry = zipfile.ZipInfo(member)
                entry.external_attr = (0o755 if member in executable else 0o644) << 16
                archive.writestr(entry, text)
        return path

    return make
