"""Packages whose files would be read, written or linked where no package has any business."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from conda_strata.core.errors import PackageError
from conda_strata.rattler.extraction import extract
from tests.conftest import HandMadeChannel, Strata, write_environment

from .made_packages import Content, Link, Made, Sparse, Stage, entry, holds, patched

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PYTHON_NOARCH = {"noarch": "python"}
BIG = b"\0" * (80 << 20)
NESTED = "[" * 200_000


def one(path: str, kind: str = "hardlink", content: Content = "x\n") -> Made:
    """A package whose one file is honest but listed as *path*."""
    return Made({"share/x.txt": content}, [entry("share/x.txt"), entry(path, kind)])


def points(*found: object, **more: object) -> Made:
    """A noarch package with these entry points."""
    link = {"noarch": {"type": "python", "entry_points": list(found)}, **more}
    files = {"site-packages/m.py": "def main(): ...\n"}
    return Made(files, index=PYTHON_NOARCH, link={"package_metadata_version": 1, **link})


def raw(**info: Content) -> Made:
    """A package with these files of ``info/`` in the place of honest ones."""
    return Made({"share/x.txt": "x\n", **{f"info/{n}.json": text for n, text in info.items()}})


PATHS = {
    "parent": (one("../precious.txt"), "it leaves the prefix"),
    "parent-far": (one("../../../../../../../../../outside/secret"), "it leaves the prefix"),
    "parent-inside": (one("share/../../precious.txt"), "it leaves the prefix"),
    "parent-back-in": (one("share/../share/x.txt"), "it leaves the prefix"),
    "parent-last": (one("share/.."), "it leaves the prefix"),
    "parent-folder": (one("../made", "directory"), "it leaves the prefix"),
    "parent-link": (one("../made", "softlink"), "it leaves the prefix"),
    "parent-patched": (Made({"share/x": "PREFIX"}, [patched("../precious.txt")]), "leaves"),
    "absolute": (one("OUTSIDE/secret"), "it is absolute"),
    "absolute-new": (one("OUTSIDE/new/deep/file"), "it is absolute"),
    "absolute-folder": (one("OUTSIDE/new", "directory"), "it is absolute"),
    "absolute-root": (one("/"), "it is absolute"),
    "absolute-twice": (one("//etc/passwd"), "it is absolute"),
    "drive": (one("C:/Windows/x"), "it is absolute"),
    "drive-relative": (one("C:x"), "it is absolute"),
    "backslash": (one("share\\x"), "it has a backslash"),
    "backslash-parent": (one("..\\precious.txt"), "it has a backslash"),
    "nul": (one("share/x\0.txt"), "it has control characters"),
    "escape": (one("share/\x1b[2Jx"), "it has control characters"),
    "newline": (one("share/x\n::error::y"), "it has control characters"),
    "empty": (one(""), "it is the prefix itself"),
    "dot": (one("."), "it is the prefix itself"),
    "absent": (one("share/y.txt"), "it is listed, and not in the package"),
    "absent-link": (one("share/y.txt", "softlink"), "it is listed, and not in the package"),
    "own-record": (Made({"conda-meta/evil-1.0-h0_0.json": "{}"}), "no package's to write"),
    "foreign-record": (Made({"conda-meta/python-3.11.5-h0_0.json": "{}"}), "no package's to write"),
    "history": (Made({"conda-meta/history": "x"}), "no package's to write"),
    "guard": (Made({"conda-meta/strata-unfinished": "new"}), "no package's to write"),
    "record-in-capitals": (Made({"Conda-Meta/x.json": "{}"}), "no package's to write"),
    "meta-is-link": (Made({"conda-meta": Link("OUTSIDE/folder")}), "no package's to write"),
    "clobbers": (Made({"__clobbers__": Link("OUTSIDE/folder")}), "no package's to write"),
    "deprecated": (
        Made({"share/x": "x", "info/files": "../precious.txt\n", "info/paths.json": Link("no")}),
        "no regular file",
    ),
}

LINKS = {
    "environ": (
        Made({"share/env": Link("/proc/self/environ")}, [patched("share/env")]),
        "no regular file",
    ),
    "docker-login": (
        Made({"share/login": Link("OUTSIDE/../.docker/config.json")}, [patched("share/login")]),
        "no regular file",
    ),
    "docker-login-as-link": (
        Made({"share/login": Link("OUTSIDE/secret")}, [patched("share/login", "softlink")]),
        "no regular file",
    ),
    "docker-login-binary": (
        Made(
            {"share/login": Link("OUTSIDE/secret")},
            [entry("share/login", prefix_placeholder="PREFIX", file_mode="binary")],
        ),
        "no regular file",
    ),
    "listed-as-file": (
        Made({"share/s": Link("OUTSIDE/secret")}, [entry("share/s")]),
        "listed as a file, and is none",
    ),
    "listed-as-file-copied": (
        Made({"share/s": Link("OUTSIDE/secret")}, [entry("share/s", no_link=True)]),
        "listed as a file, and is none",
    ),
    "listed-as-folder": (
        Made({"share/s": Link("OUTSIDE/folder")}, [entry("share/s", "directory")]),
        "listed as a folder, and is none",
    ),
    "patched-folder": (
        Made({"share/s/x": "x"}, [patched("share/s", "directory")]),
        "no regular file",
    ),
    "empty-placeholder": (
        Made({"share/s": "x"}, [entry("share/s", prefix_placeholder="", file_mode="text")]),
        "its prefix placeholder is empty",
    ),
    "file-listed-as-link": (
        Made({"share/s": "x"}, [entry("share/s", "softlink")]),
        "listed as a symbolic link, and is none",
    ),
    "folder-listed-as-file": (
        Made({"share/s/x": "x"}, [entry("share/s")]),
        "listed as a file, and is none",
    ),
    "through-own-link": (
        Made(
            {"share/s": Link("OUTSIDE/folder")},
            [entry("share/s", "softlink"), entry("share/s/made")],
        ),
        "goes through a symbolic link of the package",
    ),
    "reads-through-own-link": (
        Made({"share/s": Link("OUTSIDE")}, [entry("share/s/secret")]),
        "goes through a symbolic link of the package",
    ),
    "through-inner-link": (
        Made(
            {"lib/x": "x", "lib64": Link("lib")},
            [entry("lib/x"), entry("lib64", "softlink"), patched("lib64/x")],
        ),
        "goes through a symbolic link of the package",
    ),
    "twice": (
        Made(
            {"bin/s": Link("OUTSIDE/script.sh")},
            [entry("bin/s", "softlink"), entry("bin/s", "softlink")],
        ),
        "listed twice",
    ),
}

COMMANDS = {
    "parent": (points("../../../precious.txt = m:main"), "no name of a program"),
    "folder": (points("sub/x = m:main"), "no name of a program"),
    "absolute": (points("OUTSIDE/x = m:main"), "no name of a program"),
    "backslash": (points("..\\x = m:main"), "no name of a program"),
    "hidden": (points(".bashrc = m:main"), "no name of a program"),
    "dots": (points(".. = m:main"), "no name of a program"),
    "nothing": (points(" = m:main"), "no name of a program"),
    "option": (points("-x = m:main"), "no name of a program"),
    "white-space": (points("a b = m:main"), "no name of a program"),
    "escape": (points("a\x1b[2J = m:main"), "no name of a program"),
    "long": (points("a" * 300 + " = m:main"), "no name of a program"),
    "statement": (points("x = os;print('ran')#:main"), "no function of Python"),
    "newline": (points("x = m:main\nprint('ran')"), "no function of Python"),
    "call": (points("x = m:main()or(1)"), "no function of Python"),
    "no-function": (points("x = m"), "no function of Python"),
    "number": (points(7), "an entry point is no text"),
    "generic": (points(noarch={"type": "generic"}), "no package of Python"),
    "no-list": (points(noarch={"type": "python", "entry_points": 7}), "no package of Python"),
    "no-object": (
        Made({"site-packages/m.py": "x = 1\n"}, index=PYTHON_NOARCH, link=[]),
        "it cannot be read",
    ),
    "nested": (
        Made({"site-packages/m.py": "", "info/link.json": NESTED}, index=PYTHON_NOARCH),
        "it cannot be read",
    ),
    "twice": (
        Made(
            {"site-packages/m.py": "", "info/link.json": '{"noarch": {}, "noarch": {}}'},
            index=PYTHON_NOARCH,
        ),
        "a key is there twice",
    ),
    "site-packages": (
        Made(
            {"site-packages/m.py": ""},
            index={**PYTHON_NOARCH, "python_site_packages_path": "../.."},
        ),
        "no Python has that",
    ),
    "parent-in-modules": (
        Made({"site-packages/m.py": ""}, [entry("site-packages/../../x")], PYTHON_NOARCH),
        "it leaves the prefix",
    ),
}

INFO: dict[str, tuple[Made | bytes, str]] = {
    "no-index": (raw(index=""), "info/index.json cannot be read"),
    "nested-index": (raw(index=NESTED), "info/index.json cannot be read"),
    "nested-unknown": (raw(index='{"x": ' + NESTED), "info/index.json cannot be read"),
    "index-is-link": (raw(index=Link("OUTSIDE/secret")), "no regular file"),
    "no-paths": (raw(paths="null"), "info/paths.json cannot be read"),
    "nested-paths": (raw(paths='{"paths_version": 1, "paths": ' + NESTED), "info/paths.json"),
    "paths-is-link": (raw(paths=Link("OUTSIDE/secret")), "no regular file"),
    "paths-of-another-version": (raw(paths='{"paths": 7}'), "info/paths.json cannot be read"),
    "kind-unknown": (Made({"x": "x"}, [entry("x", "device")]), "info/paths.json cannot be read"),
    "path-no-text": (raw(paths='{"paths_version":1,"paths":[{"_path":7}]}'), "info/paths.json"),
    "large-link": (raw(link=b" " * (5 << 20)), "larger than that of any real package"),
    "info-is-link": (Made({"info/x": "x", "share": Link("info")}, [entry("share/x")]), "through"),
    "no-archive": (b"MZ this is no package", "it cannot be unpacked"),
    "cut-archive": (b"BZh91AY&SY" + b"\0" * 40, "it cannot be unpacked"),
}

SIZES = {
    "zeros": (Made({"share/x": BIG}), "it unpacks to more than"),
    "zeros-not-listed": (Made({"share/y": BIG, "share/x": "x"}, [entry("share/x")]), "more than"),
    "hole": (Made({"share/x": Sparse(3 << 30)}), "it unpacks to more than"),
}

_TABLES: list[tuple[str, str, Mapping[str, tuple[Made | bytes, str]]]] = [
    ("path", "evil", PATHS),
    ("link", "evil", LINKS),
    ("command", "modules", COMMANDS),
    ("info", "evil", INFO),
    ("size", "evil", SIZES),
]

ATTACKS: dict[str, tuple[str, Made | bytes, str]] = {
    f"{kind}-{name}": (package, made, said)
    for kind, package, table in _TABLES
    for name, (made, said) in table.items()
}

ESCAPE = Made({"share/door": Link("OUTSIDE/folder")})

TOGETHER = {
    "below": ({"mate": ESCAPE, "evil": Made({"share/door/made": "x"})}, "share/door"),
    "below-patched": (
        {
            "mate": ESCAPE,
            "evil": Made({"share/door/made": "PREFIX"}, [patched("share/door/made")]),
        },
        "share/door",
    ),
    "at-it": (
        {
            "mate": Made({"bin/run": Link("OUTSIDE/script.sh")}),
            "evil": Made({"bin/run": "PREFIX"}, [patched("bin/run")]),
        },
        "bin/run",
    ),
    "relative": (
        {"mate": Made({"door": Link("../outside")}), "evil": Made({"door/made": "x"})},
        "door",
    ),
    "chain": (
        {
            "mate": Made({"a/b/up": Link("../.."), "door": Link("a/b/up/..")}),
            "evil": Made({"door/made": "x"}),
        },
        "door",
    ),
    "moved-link": (
        {
            "mate": Made({"a/b/here": Link("../..")}),
            "evil": Made({"a/b/here/door": Link("../outside"), "a/b/here/x": "x"}),
            "modules": Made({"door/made": "x"}),
        },
        "door",
    ),
    "below-inner-link": (
        {
            "mate": Made({"lib/door": Link("OUTSIDE/folder"), "lib64": Link("lib")}),
            "evil": Made({"lib64/door/made": "x"}),
        },
        "lib64/door",
    ),
    "at-inner-link": (
        {
            "mate": Made({"lib/run": Link("OUTSIDE/script.sh"), "lib64": Link("lib")}),
            "evil": Made({"lib64/run": "PREFIX"}, [patched("lib64/run")]),
        },
        "lib64/run",
    ),
    "two-doors": (
        {
            "mate": Made({"door": Link("OUTSIDE/folder")}),
            "modules": Made({"door": Link("share")}),
            "evil": Made({"door/made": "x"}),
        },
        "door",
    ),
    "loop": (
        {"mate": Made({"a": Link("b"), "b": Link("a")}), "evil": Made({"a/made": "x"})},
        "a",
    ),
    "program": (
        {"mate": Made({"bin/go": Link("OUTSIDE/script.sh")}), "modules": points("go = m:main")},
        "bin/go",
    ),
    "modules": (
        {
            "mate": Made({"lib/python3.11/site-packages": Link("OUTSIDE/folder")}),
            "modules": Made({"site-packages/m.py": "x"}, index=PYTHON_NOARCH),
        },
        "lib/python3.11/site-packages",
    ),
    "own-modules": (
        {
            "modules": Made(
                {
                    "lib/python3.11/site-packages/m": Link("OUTSIDE/folder"),
                    "site-packages/m/x.py": "x",
                },
                index=PYTHON_NOARCH,
            ),
        },
        "lib/python3.11/site-packages/m",
    ),
}


@pytest.fixture(scope="session")
def base(
    tmp_path_factory: pytest.TempPathFactory,
) -> HandMadeChannel:
    """A channel with honest packages, each of which a test replaces."""
    channel = HandMadeChannel(tmp_path_factory.mktemp("base"))
    channel.add("python", "3.11.5", {"bin/python3.11": "#!/bin/sh\n", "lib/python3.11/os.py": ""})
    channel.add("evil")
    channel.add("mate")
    channel.add("modules", "1.0", {"site-packages/m.py": ""}, ["python"], entry_points=[])
    channel.index()
    return channel


_LOCKS: dict[str, str] = {}


@pytest.fixture
def stage(strata: Strata, project: Path, base: HandMadeChannel) -> Stage:
    """A project that has all of them locked."""
    write_environment(project, base, ["evil", "mate", "modules"])
    if base.url not in _LOCKS:
        assert strata("lock").returncode == 0
        _LOCKS[base.url] = (project / "strata.lock").read_text()
    return Stage(base, _LOCKS[base.url], project)


COMMAND = {"install": ("install",), "layers": ("layers", "--out", "out")}


def assert_refused(strata: Strata, stage: Stage, command: str, *said: str) -> None:
    """Refused in one message, with nothing linked and nothing else changed."""
    stage.lock()
    before = stage.snapshot()
    linked = stage.linked()
    begin = time.monotonic()
    done = strata(*COMMAND[command])
    assert (done.returncode, done.stdout) == (6, ""), done.stderr
    assert time.monotonic() - begin < 10
    first, fix = [line for line in done.stderr.splitlines() if not line.startswith("solving")][-2:]
    assert first.startswith("error: "), done.stderr
    assert fix.startswith("  "), done.stderr
    assert done.stderr.count("error: ") == 1, done.stderr
    for words in said:
        assert words in first, done.stderr
    for leak in ("Traceback", "panicked", "Caused by", "RUST_BACKTRACE", "hunter2", "\x1b[2J"):
        assert leak not in done.stderr, done.stderr
    assert stage.snapshot() == before
    assert stage.linked() == linked
    assert not (stage.project / "out").exists() or not list((stage.project / "out").iterdir())
    assert not holds(stage.around / "cache", b"hunter2")
    assert not list((stage.around / "cache").glob(".layers-*"))
    assert not (stage.cache / ".strata_scratch").exists()


@pytest.mark.parametrize("command", COMMAND)
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused(strata: Strata, stage: Stage, attack: str, command: str) -> None:
    package, made, said = ATTACKS[attack]
    stage.put(package, made)
    assert_refused(strata, stage, command, f"{package}-1.0-h0_0", said)
    assert not (stage.cache / f"{package}-1.0-h0_0").exists()


@pytest.mark.parametrize("command", COMMAND)
@pytest.mark.parametrize("attack", TOGETHER)
def test_an_attack_of_several_is_refused(
    strata: Strata, stage: Stage, attack: str, command: str
) -> None:
    """Each of the packages could be honest."""
    packages, path = TOGETHER[attack]
    for name, made in packages.items():
        stage.put(name, made)
    assert_refused(strata, stage, command, f": {path}: ", "symbolic link that leaves the prefix")


def test_a_later_package_is_refused_where_an_earlier_left_a_link(
    strata: Strata, stage: Stage
) -> None:
    """A link out of the prefix is no harm by itself."""
    stage.put("mate", ESCAPE)
    stage.lock()
    assert strata("install").returncode == 0
    assert (stage.project / ".conda/share/door").is_symlink()
    stage.put("evil", Made({"share/door/made": "x"}))
    assert_refused(strata, stage, "install", "share/door", "symbolic link that leaves the prefix")


def test_a_later_file_is_refused_where_an_earlier_left_a_link(strata: Strata, stage: Stage) -> None:
    stage.put("mate", Made({"bin/run": Link("OUTSIDE/script.sh")}))
    stage.lock()
    assert strata("install").returncode == 0
    stage.put("evil", Made({"bin/run": "PREFIX"}, [patched("bin/run")]))
    assert_refused(strata, stage, "install", "bin/run", "symbolic link that leaves the prefix")


def test_a_package_may_replace_its_own_link(strata: Strata, stage: Stage) -> None:
    stage.put("mate", ESCAPE)
    stage.lock()
    assert strata("install").returncode == 0
    stage.put("mate", Made({"share/door/made": "x"}))
    stage.lock()
    done = strata("install")
    assert done.returncode == 0, done.stderr
    assert not (stage.project / ".conda/share/door").is_symlink()
    assert not list((stage.outside / "folder").iterdir())


HONEST = {
    "absolute-link": {"evil": Made({"share/x": Link("/usr/share/zoneinfo")})},
    "dangling-link": {"evil": Made({"share/x": Link("nowhere/at/all")})},
    "link-up": {"evil": Made({"share/x": Link("../lib/y"), "lib/y": "y"})},
    "same-file": {"evil": Made({"share/x": "x"}), "mate": Made({"share/x": "y"})},
    "odd-names": {"evil": Made({"share/man/A::B.3": "", "share/ä ö/x y": "", "share/..x": ""})},
    "no-files": {"evil": Made()},
    "programs": {"modules": points("2to3-3.12 = m:main", "py.test=m:main.run", "c++ = a.b:c")},
    "zeros": {"evil": Made({"share/x": b"\0" * (40 << 20)})},
}


@pytest.mark.parametrize("command", COMMAND)
@pytest.mark.parametrize("case", HONEST)
def test_what_honest_packages_do_is_left_alone(
    strata: Strata, stage: Stage, case: str, command: str
) -> None:
    for name, made in HONEST[case].items():
        stage.put(name, made)
    stage.lock()
    before = stage.snapshot()
    done = strata(*COMMAND[command])
    assert done.returncode == 0, done.stderr
    assert stage.snapshot() == before
    if command == "install" and HONEST[case].keys() == {"evil"}:
        assert set(HONEST[case]["evil"].files) <= set(stage.linked())


def test_a_refusal_does_not_wear_off(strata: Strata, stage: Stage) -> None:
    stage.put("evil", PATHS["parent"][0])
    for command in [*COMMAND, *COMMAND]:
        assert_refused(strata, stage, command, "it leaves the prefix")


def test_a_pipe_that_others_unpacked_is_refused(strata: Strata, stage: Stage) -> None:
    stage.lock()
    assert strata("install").returncode == 0
    os.mkfifo(stage.cache / "evil-1.0-h0_0/share/pipe")
    shutil.rmtree(next(stage.cache.glob(".strata_vetted_*")))
    done = strata("install", "--prefix", "second")
    assert done.returncode == 6, done.stderr
    assert "evil-1.0-h0_0: share/pipe: it is a device, a pipe or a socket" in done.stderr


@pytest.mark.parametrize("part", ["pkg", "info"])
def test_a_conda_archive_is_counted_before_it_is_unpacked(tmp_path: Path, part: str) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as inner:
        member = tarfile.TarInfo("share/x")
        member.size = len(BIG)
        inner.addfile(member, io.BytesIO(BIG))
    archive = tmp_path / "bomb.conda"
    with zipfile.ZipFile(archive, "w") as outer:
        outer.writestr(f"{part}-bomb-1.0-0.tar.zst", zstd.compress(tar.getvalue()))
    assert archive.stat().st_size < 20_000
    with pytest.raises(PackageError, match="bomb: it unpacks to more than"):
        extract(archive, tmp_path / "unpacked", "bomb")
    assert not (tmp_path / "unpacked").exists()


GOOD, BAD = Made({"share/x": "good\n"}), Made({"share/x": "bad\n"})


@pytest.mark.parametrize("recorded", ["nothing", "count", "another", "cut", "missing"])
def test_the_cache_is_not_taken_at_its_word(strata: Strata, stage: Stage, recorded: str) -> None:
    """Somebody put a package there without a hash, or another build of the same name."""
    stage.put("evil", BAD)
    stage.lock()
    assert strata("install").returncode == 0
    stage.put("evil", GOOD)
    note = stage.cache / "evil-1.0-h0_0.lock"
    sha256 = bytes.fromhex(stage.sha256("evil"))
    if recorded == "missing":
        note.unlink()
    elif recorded != "another":
        cut = (1).to_bytes(8, "big") + sha256[:20]
        note.write_bytes({"nothing": b"", "count": cut[:8], "cut": cut}[recorded])
    stage.lock()
    done = strata("install", "--prefix", "second")
    assert done.returncode == 0, done.stderr
    assert (stage.project / "second/share/x").read_text() == "good\n"


@pytest.mark.parametrize("command", COMMAND)
def test_what_others_unpacked_is_vetted(strata: Strata, stage: Stage, command: str) -> None:
    """As pixi, or an older strata, would have left it in the cache that they share."""
    stage.put("evil", Made({"share/x": "x"}, [entry("../../precious.txt")]))
    place = stage.cache / "evil-1.0-h0_0"
    (place / "info").mkdir(parents=True)
    archive = stage.channel / "linux-64/evil-1.0-h0_0.tar.bz2"
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    note = (1).to_bytes(8, "big") + bytes.fromhex(stage.sha256("evil"))
    place.with_name(f"{place.name}.lock").write_bytes(note)
    assert_refused(strata, stage, command, "evil-1.0-h0_0: ../../precious.txt: it leaves")
    assert not place.exists()


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"folders": 7}', pytest.param(NESTED, id="nested")],
)
def test_a_damaged_note_counts_for_nothing(strata: Strata, stage: Stage, text: str) -> None:
    stage.put("mate", ESCAPE)
    stage.lock()
    assert strata("install").returncode == 0
    notes = list(stage.cache.glob(".strata_vetted_*/*.json"))
    assert len(notes) == 4
    for note in notes:
        note.write_text(text)
    stage.put("evil", Made({"share/door/made": "x"}))
    stage.lock()
    done = strata("install", "--prefix", "second")
    assert done.returncode == 6, done.stderr
    assert "share/door" in done.stderr


def test_a_package_is_looked_at_once(strata: Strata, stage: Stage) -> None:
    """And its own files are no note of it."""
    stage.put("evil", Made({"share/x": "x", ".strata_vetted_1/x.json": "{}"}))
    stage.lock()
    assert strata("install").returncode == 0
    (note,) = stage.cache.glob(f".strata_vetted_*/{stage.sha256('evil')}.json")
    before = note.stat().st_mtime_ns
    assert strata("install", "--prefix", "second").returncode == 0
    assert note.stat().st_mtime_ns == before


def test_what_is_installed_needs_no_cache(strata: Strata, stage: Stage) -> None:
    stage.lock()
    assert strata("install").returncode == 0
    shutil.rmtree(stage.cache)
    shutil.rmtree(stage.channel)
    assert strata("install").returncode == 0


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("install", "bin/.evil-post-link.sh"),
        ("layers", "bin/.evil-post-link.sh"),
        ("layers", "Scripts/.evil-post-link.bat"),
    ],
)
def test_a_post_link_script_is_named_once(
    strata: Strata, stage: Stage, command: str, path: str
) -> None:
    stage.put("evil", Made({path: "touch OUTSIDE/ran\n", "bin/.other-post-link.sh": "true\n"}))
    stage.lock()
    done = strata(*COMMAND[command])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("post-link") == 2, done.stderr
    assert f"warning: evil-1.0-h0_0: its post-link script {path} was not run" in done.stderr
    assert not (stage.outside / "ran").exists()
    if command == "install":
        assert "post-link" not in strata("install").stderr
