"""Random damage to what comes from outside ends in an answer or in one of our errors.

``STRATA_FUZZ=20000`` tries that many inputs of each kind, other ones each time.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_strata.core.errors import PackageError, StrataError
from conda_strata.lock import lockfile
from conda_strata.lock.gate import require_trustworthy
from conda_strata.prefix.package_gate import files, vet
from conda_strata.registry.documents import Descriptor, is_digest, parse
from conda_strata.spec import environment_file
from tests.support.lock_files import write_lock

AMOUNT = os.environ.get("STRATA_FUZZ")
fuzzed = settings(
    max_examples=int(AMOUNT or 300),
    derandomize=not AMOUNT,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ENVIRONMENT = """\
channels: [conda-forge, https://example.org/team]
platforms: [linux-64, osx-arm64]
exclude-newer: 7 days
variables:
  GREETING: "hello $HOME"
dependencies:
  - python =3.12.*
  - numpy >=2  # [linux]
  - team::tool[build=h1_0]
  - &shared scipy
  - pip:
      - rich >=13; python_version > "3.8"
      - y @ https://example.org/y-1.0-py3-none-any.whl
"""
PIECES = st.one_of(
    st.sampled_from(
        ["\n", "  ", "- ", ": ", "? ", "&a ", "*a", "!!python/object ", "# [linux and]", "|\n",
         "\t", "\0", "\ufeff", "\u202e", "'", '"', "{", "}", "[", "]", "---\n", "..", "/", "::", "@",
         "=>", "[[[[", "<<: ", "~", "null", "1e999", "\x85", "\u2028", "https://[::1", "file:///", "%2e"]
    ),
    st.text(max_size=6),
)  # fmt: skip
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=5)


def damaged(text: str, edits: list[tuple[float, int, str]]) -> str:
    """Return *text* with pieces put in the place of some of its characters."""
    for place, length, piece in edits:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@given(EDITS)
@fuzzed
def test_environment_files(tmp_path: Path, edits: list[tuple[float, int, str]]) -> None:
    file = tmp_path / "environment.yml"
    file.write_bytes(damaged(ENVIRONMENT, edits).encode("utf-8", "surrogatepass"))
    try:
        environment_file.read(file)
    except StrataError as error:
        assert str(file) in error.what


@pytest.fixture(scope="module")
def lock_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("lock") / "strata.lock"
    packages = ["python-3.12.1-0", "numpy-2.1-0"]
    write_lock(file, {"default": {"linux-64": packages}, "dev": {"linux-64": [*packages, "x-1-0"]}})
    return file.read_text("utf-8")


@given(edits=EDITS)
@fuzzed
def test_locks(tmp_path: Path, lock_text: str, edits: list[tuple[float, int, str]]) -> None:
    file = tmp_path / "strata.lock"
    file.write_bytes(damaged(lock_text, edits).encode("utf-8", "surrogatepass"))
    try:
        lock = lockfile.read(file)
        for environment, solution in lock.environments.items():
            require_trustworthy(lock, environment, list(solution))
    except StrataError as error:
        assert error.what


PATHS = json.dumps(
    {
        "paths_version": 1,
        "paths": [
            {
                "_path": "share/a.txt",
                "path_type": "hardlink",
                "sha256": "0" * 64,
                "size_in_bytes": 1,
                "prefix_placeholder": "/placeholder",
                "file_mode": "text",
            },
            {"_path": "share/link", "path_type": "softlink", "size_in_bytes": 1},
        ],
    },
    indent=1,
)


@given(edits=EDITS)
@fuzzed
def test_paths_of_packages(
    tmp_path: Path, lock_text: str, edits: list[tuple[float, int, str]]
) -> None:
    folder = tmp_path / "package"
    if not folder.exists():
        (folder / "info").mkdir(parents=True)
        (folder / "share").mkdir()
        (folder / "share/a.txt").write_text("a")
        (folder / "share/link").symlink_to("a.txt")
        index = {"name": "python", "version": "3.12.1", "build": "0", "build_number": 0}
        (folder / "info/index.json").write_text(json.dumps({**index, "subdir": "noarch"}))
        (tmp_path / "strata.lock").write_text(lock_text)
    (folder / "info/paths.json").write_bytes(damaged(PATHS, edits).encode("utf-8", "surrogatepass"))
    record = lockfile.read(tmp_path / "strata.lock").records("default", "linux-64")[-1]
    try:
        vet(record, folder, 10_000)
    except PackageError as error:
        assert "python-3.12.1-0" in error.what
    else:
        for path, _ in files(folder):
            assert not path.startswith("/")
            assert ".." not in path.split("/")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["mediaType", "digest", "size", "layers", "config", "manifests"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
@fuzzed
def test_descriptors(said: object) -> None:
    try:
        found = Descriptor.of(said)
    except ValueError:
        return
    assert is_digest(found.digest)
    assert found.size >= 0


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@fuzzed
def test_registry_documents(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse(data)
