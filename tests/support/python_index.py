"""A Python package index (PEP 503) of small hand-made wheels, served on loopback."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_BACKEND_IS_HERE = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

_BACKEND = """\
import os, sys, zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open(os.environ["BUILDS"], "a") as noted:
        noted.write("{name}\\n")
    info = "{module}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {{one}}\\n" for one in {requires})
    texts = {{
        "{module}/__init__.py": "built = True\\n",
        f"{{info}}/METADATA": "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n" + needs,
        f"{{info}}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    if also := os.environ.get("ALSO_BUILDS"):
        texts[also] = "pwned"
    texts[f"{{info}}/RECORD"] = "".join(f"{{path}},,\\n" for path in [*texts, f"{{info}}/RECORD"])
    with zipfile.ZipFile(os.path.join(folder, "{module}-{version}-py3-none-any.whl"), "w") as wheel:
        for path, text in texts.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
    return "{module}-{version}-py3-none-any.whl"
"""
"""Builds without anything from elsewhere."""


class PythonIndex:
    """Wheels in a folder, listed as an index."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = f"{url}/simple"
        self.login: str | None = None
        """The user and password that are asked for."""

    def add(
        self,
        name: str,
        version: str = "1.0",
        requires: Sequence[str] = (),
        tags: Sequence[str] = ("py3-none-any",),
        command: str | None = None,
    ) -> None:
        """Add a release with a wheel for each of *tags*, each with a module and maybe a command."""
        for tag in tags:
            self._write_wheel(name, version, requires, tag, command)
        self._list(name)

    def add_source(self, name: str, version: str = "1.0", requires: Sequence[str] = ()) -> None:
        """Add a release that has sources only, which note in ``BUILDS`` that they were built."""
        stem = f"{name.replace('-', '_')}-{version}"
        files = {
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            "pyproject.toml": _BACKEND_IS_HERE,
            "backend.py": _BACKEND.format(
                name=name, module=name.replace("-", "_"), version=version, requires=list(requires)
            ),
        }
        with tarfile.open(self.folder / f"{stem}.tar.gz", "w:gz") as archive:
            for path, text in files.items():
                member = tarfile.TarInfo(f"{stem}/{path}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        self._list(name)

    def _list(self, name: str) -> None:
        page = self.folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        links = [
            f'<a href="/{wheel.name}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}">'
            f"{wheel.name}</a>"
            for wheel in sorted(self.folder.glob(f"{name.replace('-', '_')}-*"))
        ]
        page.write_text("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>")

    def _write_wheel(
        self, name: str, version: str, requires: Sequence[str], tag: str, command: str | None
    ) -> None:
        module = name.replace("-", "_")
        info = f"{module}-{version}.dist-info"
        headers = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        headers += [f"Requires-Dist: {required}" for required in requires]
        files = {
            f"{module}/__init__.py": f"tag = {tag!r}\n\n\ndef main():\n    print({version!r})\n",
            f"{info}/METADATA": "\n".join(headers) + "\n",
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        if command:
            points = f"[console_scripts]\n{command} = {module}:main\n"
            files[f"{info}/entry_points.txt"] = points
        files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
        with zipfile.ZipFile(self.folder / f"{module}-{version}-{tag}.whl", "w") as wheel:
            for path, text in files.items():
                wheel.writestr(zipfile.ZipInfo(path), text)


class _Handler(SimpleHTTPRequestHandler):
    index: PythonIndex

    def do_GET(self) -> None:
        login = self.index.login
        wanted = f"Basic {base64.b64encode((login or '').encode()).decode()}"
        if login is None or self.headers.get("Authorization") == wanted:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[PythonIndex]:
    """Serve an index on a free port of loopback."""

    class Own(_Handler):
        pass

    handler = functools.partial(Own, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Own.index = PythonIndex(folder, f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Own.index
        server.shutdown()
