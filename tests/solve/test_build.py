"""``build: [NAME]``: packages that have sources only are locked, and built where they are installed."""

# ruff: noqa: F811 - the fixtures of test_pip are used here too
from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata
from tests.solve.test_pip import MINOR, channel, index, locked, write  # noqa: F401 - fixtures
from tests.support import python_index

OTHER = "osx-arm64"


@pytest.fixture(autouse=True)
def builds(
    index: python_index.PythonIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An index with two packages of sources only; the file that each build is noted in."""
    index.add_source("only-sources", "1.0", ["colors"])
    index.add_source("another", "1.0")
    noted = tmp_path / "builds.txt"
    monkeypatch.setenv("BUILDS", str(noted))
    return noted


def allow(project: Path, names: str) -> None:
    file = project / "environment.yml"
    file.write_text(f"{file.read_text()}build: [{names}]\n")


def test_locked_checked_installed_and_exported(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    builds: Path,
    index: python_index.PythonIndex,
) -> None:
    write(project, channel, ["only-sources"])
    allow(project, "Only_Sources")
    done = strata("lock")
    assert done.returncode == 0, done.stderr
    assert sorted(locked(project)) == ["colors-2.0-py3-none-any.whl", "only_sources-1.0.tar.gz"]
    assert len(str(locked(project)["only_sources-1.0.tar.gz"]["sha256"])) == 64
    assert strata("check").returncode == 0
    assert strata("lock").stderr.endswith("strata.lock is up to date\n")
    assert set(builds.read_text().split()) == {"only-sources"}
    installed = strata("install")
    assert installed.returncode == 0, installed.stderr
    assert "only-sources 1.0 is built on this machine, from its sources" in installed.stderr
    said = strata("run", "--", "python", "-c", "import only_sources as o; print(o.built)")
    assert said.stdout == "True\n"
    assert "is built" not in strata("install").stderr
    exported = strata("export", "--format", "conda-lock", "--platform", "linux-64")
    assert "only_sources-1.0.tar.gz" in exported.stdout
    exported = strata("export", "--format", "environment", "--platform", "linux-64")
    assert f"only-sources @ {index.url.removesuffix('/simple')}/only_sources" in exported.stdout
    lock = (project / "strata.lock").read_text()
    (project / "strata.lock").rename(project / "pixi.lock")
    (project / "environment.yml").write_text(exported.stdout.replace("- pip\n", ""))
    relocked = strata("lock")
    assert relocked.returncode == 0, relocked.stderr
    for name in ("only_sources-1.0.tar.gz", "colors-2.0-py3-none-any.whl"):
        assert name in lock
        assert name in (project / "strata.lock").read_text()
    (project / "environment.yml").unlink()
    text = strata("convert", "pixi.lock").stdout
    assert '      - "only-sources @ http' in text
    assert "build: [only-sources]" in text


def test_only_what_is_named_is_built(
    strata: Strata, project: Path, channel: HandMadeChannel, builds: Path
) -> None:
    write(project, channel, ["only-sources", "another"])
    allow(project, "only-sources")
    refused = strata("lock")
    assert refused.returncode == 4
    assert "another" in refused.stderr
    assert "'build: [another]'" in refused.stderr
    assert not builds.exists() or set(builds.read_text().split()) <= {"only-sources"}


def test_what_is_built_is_looked_into_as_other_wheels_are(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write(project, channel, ["only-sources"])
    allow(project, "only-sources")
    assert strata("lock").returncode == 0
    for command in (("install",), ("layers", "--out", "layers", "--platform", "linux-64")):
        refused = strata(*command, ALSO_BUILDS="../../../../../pwned")
        assert refused.returncode == 6, refused.stderr
        assert "the wheel only-sources 1.0 is refused: ../../../../../pwned" in refused.stderr
    assert not list(project.parent.rglob("pwned"))


def test_lock_alone_builds_nothing(
    strata: Strata, project: Path, channel: HandMadeChannel, builds: Path
) -> None:
    write(project, channel, ["only-sources"])
    allow(project, "only-sources")
    assert strata("lock").returncode == 0
    builds.unlink()
    file = project / "environment.yml"
    text = file.read_text()
    file.write_text(text.replace("build:", "other:"))
    assert strata("check").returncode == 1
    for command in (("install",), ("layers", "--out", "layers", "--platform", "linux-64")):
        refused = strata(*command)
        assert refused.returncode == 3
        assert "only-sources on linux-64: it is a source distribution" in refused.stderr
        assert "'build: [only-sources]'" in refused.stderr
    file.unlink()
    assert strata("install").returncode == 3
    assert not builds.exists()


def test_layers_of_this_platform_only(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write(project, channel, ["only-sources"], f"linux-64, {OTHER}")
    allow(project, "only-sources")
    assert strata("lock").returncode == 0
    refused = strata("layers", "--out", "layers", "--platform", OTHER)
    assert refused.returncode == 5
    assert f"only-sources (build:) cannot be built for {OTHER} on linux-64" in refused.stderr
    done = strata("layers", "--out", "layers", "--platform", "linux-64")
    assert done.returncode == 0, done.stderr
    found = list((project / "layers").rglob("only_sources/__init__.py"))
    assert [file.parent.parent.name for file in found] == ["site-packages"]
    again = strata("layers", "--out", "again", "--platform", "linux-64")
    assert again.returncode == 0
    assert _texts(project / "layers") == _texts(project / "again")


def _texts(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and "conda-meta" not in file.parts
    }


def test_archive_of_a_commit(
    strata: Strata, project: Path, channel: HandMadeChannel, index: python_index.PythonIndex
) -> None:
    """Its name says neither package nor version; the hash is in the lock."""
    file = f"{'0' * 40}.tar.gz"
    (index.folder / "only_sources-1.0.tar.gz").rename(index.folder / file)
    url = f"{index.url.removesuffix('/simple')}/{file}"
    write(project, channel, [f"only-sources @ {url}"])
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:7: only-sources comes from an archive of" in refused.stderr
    assert "'build: [only-sources]'" in refused.stderr
    allow(project, "only-sources")
    done = strata("lock")
    assert done.returncode == 0, done.stderr
    assert (locked(project)[file]["version"], len(str(locked(project)[file]["sha256"]))) == (
        "1.0",
        64,
    )
    assert strata("check").returncode == 0
    assert strata("install").returncode == 0
    said = strata("run", "--", "python", "-c", "import only_sources as o; print(o.built)")
    assert said.stdout == "True\n"
    exported = strata("export", "--format", "environment", "--platform", "linux-64").stdout
    assert f"only-sources @ {url}#sha256=" in exported
    (index.folder / file).write_bytes(b"other content")
    other = strata("install", "--prefix", "other", RATTLER_CACHE_DIR=str(project / "empty"))
    assert other.returncode == 6
    assert "is not what the lock says (SHA-256)" in other.stderr


def test_build_that_fails(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write(project, channel, ["only-sources"])
    allow(project, "only-sources")
    assert strata("lock").returncode == 0
    failed = strata("install", BUILDS="/nowhere/builds.txt")
    assert failed.returncode == 1
    assert "only-sources 1.0 (build:) cannot be built" in failed.stderr
    (project / "strata.lock").unlink()
    refused = strata("lock", BUILDS="/nowhere/builds.txt", UV_CACHE_DIR=str(project / "empty"))
    assert refused.returncode == 4
    assert "cannot be built on this machine" in refused.stderr
    assert "network" not in refused.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("build: [a==1]", "'a==1' is no name of a package"),
        ("build: a", "'build' is a list"),
        ("build:\n  - a  # [linux]", "has no effect on an entry of 'build'"),
    ],
)
def test_what_is_no_name(
    strata: Strata, project: Path, channel: HandMadeChannel, text: str, said: str
) -> None:
    write(project, channel, ["colors"])
    file = project / "environment.yml"
    file.write_text(f"{file.read_text()}{text}\n")
    refused = strata("lock")
    assert refused.returncode == 3
    assert said in refused.stderr
