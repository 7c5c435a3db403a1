"""The lock on the disk: it comes back as it was written, and what is no lock is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import LockError, OutOfDateLockError, StrataError, UsageError
from conda_strata.lock import check, foreign, lockfile, model, revision
from conda_strata.lock.model import Lock
from conda_strata.spec.dependency import Spec
from conda_strata.spec.manifest import Manifest
from tests.conftest import git
from tests.support.records import CHANNEL, SUBDIR, lock_of, record, wheel

PYTHON = record("python", "3.12.4", md5=b"m" * 16)
NUMPY = record("numpy", depends=["python >=3.12"], constrains=["numba >=0.6"], size=5)
PURE = record("rich-base", subdir="noarch", noarch="python")
WHEELS = [wheel("pygments"), wheel("rich", requires=["pygments"])]
LOCK = lock_of(
    {"default": [NUMPY, PYTHON], "dev": [NUMPY, PYTHON, PURE]},
    {"default": [], "dev": WHEELS},
    virtual_packages={SUBDIR: ("__glibc=2.28=0", "__linux=4.18=0")},
    indexes=("https://pypi.org/simple", "https://other.example/simple"),
)


def written(lock: Lock, folder: Path) -> Path:
    path = folder / "strata.lock"
    lockfile.write(replace(lock, path=path))
    return path


def test_a_lock_comes_back(tmp_path: Path) -> None:
    path = written(LOCK, tmp_path)
    found = lockfile.read(path)
    assert model.same(found, LOCK)
    assert found.path == path
    assert list(found.environments) == ["default", "dev"]
    (pure,) = (r for r in found.records("dev", SUBDIR) if r.name.normalized == "rich-base")
    assert (pure.noarch.python, pure.noarch.none) == (True, False)
    assert found.records("default", SUBDIR)[0].noarch.none
    assert found.records("default", SUBDIR)[1].md5 == b"m" * 16
    again = tmp_path / "again"
    again.mkdir()
    assert written(found, again).read_bytes() == path.read_bytes()
    assert path.read_text().startswith("# Written by 'strata lock'")
    assert oct(path.stat().st_mode & 0o777) == oct(0o666 & ~umask())


def umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


@pytest.mark.parametrize(
    "changed",
    [
        {"indexes": ()},
        {"wheels": {}, "indexes": ()},
        {"environments": {"default": {SUBDIR: []}}, "wheels": {}, "indexes": ()},
        {
            "environments": {"default": {SUBDIR: []}, "dev": {SUBDIR: [PYTHON]}},
            "wheels": {"dev": {SUBDIR: WHEELS}},
        },
        {"environments": {"one": {SUBDIR: [PYTHON], "osx-64": []}}, "wheels": {}, "indexes": ()},
        {"virtual_packages": {}},
    ],
    ids=["no indexes", "no wheels", "nothing", "default empty", "a platform empty", "no virtual"],
)
def test_so_do_others(tmp_path: Path, changed: dict[str, Any]) -> None:
    lock = replace(LOCK, **changed)
    found = lockfile.read(written(lock, tmp_path))
    assert model.same(replace(found, virtual_packages=lock.virtual_packages), lock)
    assert found.indexes == lock.indexes


def test_indexes_count_with_wheels_only(tmp_path: Path) -> None:
    assert lockfile.read(written(replace(LOCK, wheels={}), tmp_path)).indexes == ()


def test_packages_are_sorted_and_default_is_first(tmp_path: Path) -> None:
    lock = lock_of({"a": [PYTHON, NUMPY], "default": [PYTHON, NUMPY]})
    found = lockfile.read(written(lock, tmp_path))
    assert list(found.environments) == ["default", "a"]
    assert [r.name.normalized for r in found.records("a", SUBDIR)] == ["numpy", "python"]


def test_no_lock_and_what_is_none(tmp_path: Path) -> None:
    with pytest.raises(OutOfDateLockError, match="is missing"):
        lockfile.read(tmp_path / "none")
    with pytest.raises(LockError, match="no regular file"):
        lockfile.read(tmp_path)


def test_a_file_that_cannot_be_read_is_named() -> None:
    unreadable = Path("/proc/self/mem")  # also by root
    if not unreadable.exists():
        pytest.skip("only Linux has such a file")
    with pytest.raises(LockError, match="mem cannot be read: "):
        lockfile.read(unreadable)


def test_a_file_has_a_size_that_a_lock_can_have(tmp_path: Path) -> None:
    file = tmp_path / "x"
    for size, said in ((lockfile.MOST_BYTES + 1, "larger than 128 MB"), (5, "not a lock")):
        with file.open("wb") as opened:
            opened.truncate(size)
        with pytest.raises(LockError, match=said):
            lockfile.read(file)


DEEP: dict[str, tuple[str, bool]] = {
    "200": ("[" * 200 + "]" * 200, True),
    "200 apart": ("[ " * 200 + "] " * 200, True),
    "201": ("[" * 201 + "]" * 201, False),
    "202": ("[" * 202 + "]" * 202, False),
    "mixed": ("[{" * 101 + "}]" * 101, False),
    "one after another": ("- [{}]\n" * 500, True),
    "side by side": ("- [a, [b]]\n" * 500, True),
    "closed before it is opened": ("] " + "[ " * 201, False),
    "closed in quotes": ("[ ']' " * 201, False),
    "closed in a comment": ("[ #]\n" * 201, False),
    "closed in double quotes": ('[ "\\"]" ' * 201, False),
    "opened in quotes": ("- '" + "[" * 201 + "'\n", False),
    "line": ("\n\n" + "[" * 300, False),
}


@pytest.mark.parametrize(("text", "fits"), DEEP.values(), ids=DEEP)
def test_brackets_in_each_other(tmp_path: Path, text: str, fits: bool) -> None:
    file = tmp_path / "x"
    file.write_text(text)
    if fits:
        assert lockfile._readable(file) == text.encode()
    else:
        with pytest.raises(LockError, match="more than 200 brackets") as refused:
            lockfile._readable(file)
        if text.startswith("\n"):
            assert f"{file}:3: " in refused.value.what


# Whether it is up to date.


def spec(text: str, selector: str | None = None) -> Spec:
    return Spec(text, Path("environment.yml"), 7, selector)


def manifest(**changed: Any) -> Manifest:
    start = Manifest(
        {"default": (spec("numpy"), spec("python 3.12.*")), "dev": (spec("rich-base"),)},
        (CHANNEL,),
        (SUBDIR,),
        (Path("environment.yml"),),
        pip={"dev": (spec("rich >=1"),)},
        pip_options=("--extra-index-url", "https://other.example/simple"),
    )
    return start._replace(**changed)


CURRENT = replace(LOCK, virtual_packages={})


def problems(lock: Lock = CURRENT, *subdirs: str, **changed: Any) -> list[str]:
    return [str(p) for p in check.problems(manifest(**changed), lock, subdirs or [SUBDIR])]


def test_a_lock_that_satisfies_has_no_problem() -> None:
    assert problems() == []
    check.require_up_to_date(manifest(), CURRENT, [SUBDIR])
    assert problems(channels=(CHANNEL.rstrip("/"),)) == []
    urls = [url + "/" for url in LOCK.indexes]
    assert problems(replace(CURRENT, indexes=tuple(urls))) == []


DEFAULT = (spec("numpy"), spec("python 3.12.*"))
DEV = (spec("rich-base"),)


def environments(*more: Spec, dev: tuple[Spec, ...] = DEV) -> dict[str, Any]:
    return {"environments": {"default": (*DEFAULT, *more), "dev": dev}}


def pip(*texts: str, **more: Any) -> dict[str, Any]:
    return {"pip": {"dev": tuple(map(spec, texts))}, **more}


ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "a package": (environments(spec("zlib")), "environment.yml:7: 'zlib' is not locked for"),
    "a version": (environments(spec("numpy >=2")), "'numpy >=2' is locked as numpy-1.0-h0_0 on"),
    "channels": ({"channels": ("https://x.example/",)}, "environment.yml: channels are"),
    "no indexes": ({"pip_options": ()}, "indexes of the 'pip:' lists are https://pypi.org/simple,"),
    "nothing": (
        environments(dev=()),
        "nothing depends on rich-base, which is locked for linux-64",
    ),
    "a wheel": (pip("rich", "more"), "environment.yml:7: 'more' (pip) is not locked for"),
    "a wheel's version": (pip("rich >=2"), "'rich >=2' (pip) is locked as 1.0 on"),
    "no wheel": ({"pip": {}}, "nothing depends on rich (pip), which is locked for linux-64"),
    "a limit": ({"constraints": (spec("rich <1"),)}, "'rich <1' (pip) is locked as 1.0 on"),
    "an environment more": (
        {"environments": {"default": DEFAULT, "dev": DEV, "docs": ()}},
        "the environment 'docs' is not in the lock",
    ),
    "an environment less": (
        {"environments": {"default": DEFAULT}},
        "the lock has the environment 'dev', and no file describes it",
    ),
    "another place": (
        pip("rich @ https://x.example/rich-1.0-py3-none-any.whl"),
        "it is locked from https://example.org/rich-1.0-py3-none-any.whl, not from https://x",
    ),
    "another hash": (
        pip(f"rich @ {WHEELS[1].url}#sha256={'A' * 64}"),
        f"it is locked with the SHA-256 {WHEELS[1].sha256}, not {'a' * 64}",
    ),
}


@pytest.mark.parametrize(("changed", "said"), ASKED.values(), ids=ASKED)
def test_what_is_asked_for_and_not_locked(changed: dict[str, Any], said: str) -> None:
    found = problems(**changed)
    assert any(said in problem for problem in found), found
    with pytest.raises(OutOfDateLockError) as refused:
        check.require_up_to_date(manifest(**changed), CURRENT, [SUBDIR])
    assert said in refused.value.what


FINE: dict[str, dict[str, Any]] = {
    "another platform's": environments(spec("zlib", "osx")),
    "a virtual package": environments(spec("__glibc >=2.17")),
    "a marker": pip("rich", "more; python_version < '3'"),
    "a conda package": pip("rich", "numpy"),
    "a limit that holds": {"constraints": (spec("rich <2"), spec("absent <1"))},
    "a limit elsewhere": {"constraints": (spec("rich <1", "osx"),)},
    "a limit with a marker": {"constraints": (spec("rich <1; python_version < '3'"),)},
    "its own place": pip(f"rich @ {WHEELS[1].url}#sha256={WHEELS[1].sha256}"),
    "its own place in capitals": pip(f"rich @ {WHEELS[1].url.replace('example', 'EXAMPLE')}"),
}


@pytest.mark.parametrize("changed", FINE.values(), ids=FINE)
def test_what_is_satisfied(changed: dict[str, Any]) -> None:
    assert problems(**changed) == []


def test_early_versions_that_are_locked_satisfy() -> None:
    early = [WHEELS[0], wheel("rich", "2.0rc1", ["pygments"])]
    lock = replace(CURRENT, wheels={"dev": {SUBDIR: early}})
    assert problems(lock) == []
    assert problems(lock, constraints=(spec("rich <3"),)) == []


def test_wheels_that_are_asked_for_and_none_is_locked() -> None:
    found = problems(replace(CURRENT, wheels={}, indexes=()))
    assert found == ["environment.yml:7: 'rich >=1' (pip) is not locked for linux-64"]


def test_packages_that_nothing_needs_are_sorted() -> None:
    names = sorted(f"p{n}" for n in range(12))
    lock = replace(
        CURRENT,
        environments={
            "default": {SUBDIR: [NUMPY, PYTHON, *map(record, reversed(names))]},
            "dev": {SUBDIR: [PURE]},
        },
        wheels={"dev": {SUBDIR: [*WHEELS, *map(wheel, reversed(names))]}},
    )
    found = [problem for problem in problems(lock) if problem.startswith("nothing depends on")]
    assert found == [
        *(f"nothing depends on {name}, which is locked for {SUBDIR}" for name in names),
        *(f"nothing depends on {name} (pip), which is locked for {SUBDIR}" for name in names),
    ]


def test_what_is_so_in_several_environments_and_platforms_is_told_once() -> None:
    everywhere = {
        name: {**records, "osx-64": records[SUBDIR]}
        for name, records in CURRENT.environments.items()
    }
    both = replace(CURRENT, environments=everywhere, wheels={})
    found = problems(both, SUBDIR, "osx-64", **environments(spec("zlib")), pip={})
    assert found == ["environment.yml:7: 'zlib' is not locked for linux-64, osx-64"]


def test_a_lock_is_for_platforms_and_virtual_packages() -> None:
    assert any("default is not locked for osx-64" in p for p in problems(CURRENT, "osx-64"))
    other = replace(CURRENT, virtual_packages={SUBDIR: ("__glibc=2.17=0",)})
    (said,) = problems(other)
    assert said.startswith("linux-64 is locked for other virtual packages: ")
    assert "__glibc=2.17=0" in said
    assert "__glibc=2.28=0" in said


def test_what_is_untrustworthy_is_named_by_rule() -> None:
    evil = [record(f"p{n}", channel="https://evil.example/") for n in range(6)]
    lock = replace(CURRENT, environments={"default": {SUBDIR: [NUMPY, PYTHON, *evil]}})
    found = [p for p in problems(lock, environments={"default": DEFAULT}) if "not under" in p]
    (said,) = found
    assert "p0-1.0-h0_0, p1-1.0-h0_0, p2-1.0-h0_0, p3-1.0-h0_0, p4-1.0-h0_0 and 1 more on" in said
    fewer = replace(CURRENT, environments={"default": {SUBDIR: [NUMPY, PYTHON, *evil[:5]]}})
    (said,) = [p for p in problems(fewer, environments={"default": DEFAULT}) if "not under" in p]
    assert "more on" not in said


def test_hosts_of_wheels_that_nobody_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [n for n in os.environ if n.startswith(("UV_", "XDG_"))]:
        monkeypatch.delenv(name)
    (said,) = check.wheels_elsewhere(manifest(), CURRENT, [SUBDIR])
    assert "pygments, rich (pip) from example.org" in said
    named = {"pip": {"dev": (spec("rich @ https://example.org/x"),)}}
    assert list(check.wheels_elsewhere(manifest(**named), CURRENT, [SUBDIR])) == []
    index = ("--extra-index-url", "https://example.org/simple")
    assert list(check.wheels_elsewhere(manifest(pip_options=index), CURRENT, [SUBDIR])) == []
    pypi = [w._replace(url=f"https://files.pythonhosted.org/{w.name}") for w in WHEELS]
    lock = replace(CURRENT, wheels={"dev": {SUBDIR: pypi}})
    assert list(check.wheels_elsewhere(manifest(), lock, [SUBDIR])) == []


def test_a_wheel_that_is_not_locked_is_no_wheel_from_elsewhere() -> None:
    asked = pip("rich", "more @ https://x.example/more-1.0-py3-none-any.whl")
    (said,) = problems(**asked)
    assert said.startswith(
        "environment.yml:7: 'more @ https://x.example/more-1.0-py3-none-any.whl'"
    )
    assert said.endswith("is not locked for linux-64")


@pytest.mark.parametrize("url", ["//[x/rich-1.0-py3-none-any.whl", "./rich", "file:///x"])
@pytest.mark.parametrize("wanted", ["rich", "rich @ https://x.example/rich-1.0-py3-none-any.whl"])
def test_wheels_without_a_host_are_a_problem_and_no_warning(url: str, wanted: str) -> None:
    lock = replace(CURRENT, wheels={"dev": {SUBDIR: [wheel("rich", url=url)]}})
    assert list(check.wheels_elsewhere(manifest(**pip(wanted)), lock, [SUBDIR])) == []
    assert any("its location" in problem for problem in problems(lock, **pip(wanted)))


# What a comparison reads.


def test_a_lock_of_a_file_a_revision_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="in no git repository"):
        revision.read("HEAD:strata.lock")
    git(tmp_path, "init", "-q")
    written(LOCK, tmp_path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    written(replace(LOCK, wheels={}), tmp_path)
    assert revision.read("HEAD:strata.lock").path == Path("HEAD:strata.lock")
    assert model.same(revision.read("HEAD:strata.lock"), LOCK)
    assert model.same(revision.read(":strata.lock"), LOCK)
    assert revision.read("strata.lock").all_wheels() == {SUBDIR: []}
    for nothing in ("HEAD:none", "/dev/null", os.devnull):
        assert revision.read(nothing) == Lock({}, (), Path(nothing))
    Path("empty").write_text(" \n")
    assert revision.read("empty").environments == {}
    for name, said in {
        "none": "does not exist",
        "main2:strata.lock": "no revision 'main2'",
        "-x:y": "-x is no revision",
        ".git": "cannot be read",
    }.items():
        with pytest.raises(UsageError, match=said):
            revision.read(name)
    Path("bad").write_text("x: 1\n")
    git(tmp_path, "add", ".")
    with pytest.raises(LockError, match=r"^:bad is not a lock"):
        revision.read(":bad")


def test_a_lock_comes_through_a_pipe(tmp_path: Path) -> None:
    content = written(LOCK, tmp_path).read_bytes()
    for data, expected in ((content, LOCK), (b"", Lock({}, (), Path()))):
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
        with os.fdopen(reading):
            found = revision.read(f"/dev/fd/{reading}")
        assert model.same(found, expected)
        assert found.path == Path(f"/dev/fd/{reading}")


def test_git_may_be_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        revision.read("HEAD:strata.lock")


def test_a_lock_that_cannot_be_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(LOCK, tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(StrataError, match="cannot be written: No such file"):
        written(replace(LOCK, wheels={}), tmp_path)
    assert path.read_bytes() == before


# Files of other tools.

NAMED: dict[str, tuple[str, str]] = {
    "merge": ("version: 7\n<<<<<<< HEAD\n", "has conflict markers"),
    "merge, end": ("version: 7\n>>>>>>> x\n", "has conflict markers"),
    "explicit": ("# x\n@EXPLICIT \nhttps://x\n", "is an explicit file"),
    "conda-lock": ("version: 1\nmetadata:\npackage:\n", "is a conda-lock.yml"),
    "conda-workspaces": ("version: 1\nenvironments:\npackages:\n", "is a conda.lock of conda-work"),
    "newer": ("version: 8\nenvironments:\n", "has the lock format version 8;"),
    "quoted": ("version: '99'\n", "has the lock format version 99;"),
    "environment": ("name: x\ndependencies:\n  - a\n", "is an environment file"),
    "requirements": ("# x\nnumpy>=2\n-r more.txt\nrich\n", "is a requirements.txt"),
    "hashes": ("numpy==2 \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\n", "is a requirements"),
    "options": ("--index-url https://x\na[b] @ https://y\n", "is a requirements.txt"),
}
UNNAMED = {
    "today's": "version: 7\nenvironments:\n",
    "merge in a text": "a: x <<<<<<< y\n",
    "prose": "numpy>=2\nAnd then, something else.\n",
    "nothing": "",
    "with packages": "dependencies:\npackages:\n",
    "no UTF-8": "caf\udce9\n",
}


@pytest.mark.parametrize(("text", "said"), NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("name", ["strata.lock", "other"])
def test_what_a_file_is_instead(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    assert said in foreign.explain(file).what
    own = name == "strata.lock"
    if said.startswith("has conflict"):
        assert ("run 'strata lock'" in foreign.explain(file).fix) is own
    if "version" in said:
        assert ("older pixi" not in foreign.explain(file).fix) is own


@pytest.mark.parametrize("text", UNNAMED.values(), ids=UNNAMED)
def test_what_nobody_knows(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x"
    file.write_text(text, "utf-8", "surrogateescape")
    assert (
        "is not a lock that strata can read: why" in foreign.explain(file, ValueError("why")).what
    )
    damaged = foreign.explain(file, ValueError("bad at line 17 column 3"))
    assert f"{file}:17: this is damaged" in damaged.what
    link = tmp_path / "link"
    link.symlink_to(file)
    assert foreign.explain(link, ValueError("why")).what == (
        f"{link} is not a lock that strata can read"
    )
    (tmp_path / "strata.lock").write_text(text, "utf-8", "surrogateescape")
    assert "git" in foreign.explain(tmp_path / "strata.lock", ValueError("x")).fix
    assert "the tool that wrote it" in foreign.explain(file, ValueError("x")).fix
    assert "cannot be read" in foreign.explain(tmp_path / "none").what


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("# x\nversion: 1\nmetadata:\npackage:\n", True),
        ("version: 1\nmetadata: {}\n", False),
        ("version: 6\nmetadata:\npackage:\n", False),
        ("version: 1\npackage:\n", False),
        (" version: 1\nmetadata:\npackage:\n", False),
        ("#" * 10_000 + "\nversion: 1\nmetadata:\npackage:\n", False),
    ],
)
def test_which_files_are_conda_locks(tmp_path: Path, text: str, taken: bool) -> None:
    file = tmp_path / "conda-lock.yml"
    file.write_text(text)
    assert foreign.conda_lock_text(file) == (text if taken else None)
    assert foreign.conda_lock_text(tmp_path / "none") is None
