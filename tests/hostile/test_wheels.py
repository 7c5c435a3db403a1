"""Wheels from a stranger: what is refused, what harmless oddities become, and names in tables."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.version import Version

from conda_strata.core.errors import UnsatisfiableError
from conda_strata.pypi.conda_names import pypi_name
from conda_strata.pypi.wheel_choice import chosen
from conda_strata.pypi.wheel_tags import Target
from tests.conftest import SUBDIR, HandMadeChannel, Strata, write_environment
from tests.support.python_index import PythonIndex, serving

INFO = "bad-1.0.dist-info"
PLACE = "lib/python3.11/site-packages"
NAME = "bad-1.0-py3-none-any.whl"
HOME = "/opt/env"

Files = dict[str, str | bytes | None]
Change = Callable[[zipfile.ZipFile], None]


def plain() -> Files:
    return {
        "bad/__init__.py": "x = 1\n",
        f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{INFO}/RECORD": "",
    }


def write_wheel(file: Path, files: Files, change: Change | None = None) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in (plain() | files).items():
            if content is not None:
                wheel.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
        if change:
            change(wheel)


def special(name: str, kind: int, content: str = "/etc/passwd") -> Change:
    """Add an entry that is a link or a device."""

    def add(wheel: zipfile.ZipFile) -> None:
        item = zipfile.ZipInfo(name)
        item.external_attr = (kind | 0o777) << 16
        item.create_system = 3
        wheel.writestr(item, content)

    return add


def twice(wheel: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        wheel.writestr("bad/__init__.py", "pwned = 1\n")


def encoded(name: str, method: int) -> Change:
    def add(wheel: zipfile.ZipFile) -> None:
        wheel.writestr(zipfile.ZipInfo(name), "x", method)

    return add


def points(text: str) -> Files:
    return {f"{INFO}/entry_points.txt": text}


def record(*rows: str) -> Files:
    return {f"{INFO}/RECORD": "".join(f"{row}\n" for row in rows)}


NOWHERE = "empty part, '.' or '..'"
RELATIVE = "is no relative path"
ONLY = "holds only the folders"
HOSTILE: list[tuple[str, Files, Change | None, str, str]] = [
    ("above", {"../pwned": "x"}, None, "../pwned", NOWHERE),
    ("far above", {"../" * 9 + "tmp/pwned": "x"}, None, "../", NOWHERE),
    ("above, inside", {"bad/../../pwned": "x"}, None, "bad/../../pwned", NOWHERE),
    ("dot", {"./pwned": "x"}, None, "./pwned", NOWHERE),
    ("empty part", {"bad//pwned": "x"}, None, "bad//pwned", NOWHERE),
    ("absolute", {"/tmp/pwned": "x"}, None, "/tmp/pwned", RELATIVE),  # noqa: S108
    ("absolute, two slashes", {"//pwned": "x"}, None, "//pwned", RELATIVE),
    ("drive", {"C:/pwned": "x"}, None, "C:/pwned", RELATIVE),
    ("drive, relative", {"c:pwned": "x"}, None, "c:pwned", RELATIVE),
    ("backslash", {"..\\..\\pwned": "x"}, None, "..\\..\\pwned", RELATIVE),
    ("newline", {"bad/pw\nned": "x"}, None, "bad/pw\\nned", "control characters"),
    ("escape", {"bad/\x1b[2Jpwned": "x"}, None, "\\x1b[2J", "control characters"),
    ("right to left", {"bad/\u202epwned": "x"}, None, "\\u202e", "control characters"),
    ("long part", {"bad/" + "p" * 300: "x"}, None, "bad/ppp", "too long"),
    ("deep", {"p/" * 600 + "pwned": "x"}, None, "p/p/p", "too long"),
    ("in data", {"bad-1.0.data/data/../../pwned": "x"}, None, "../pwned", NOWHERE),
    ("in scripts", {"bad-1.0.data/scripts/../../pwned": "x"}, None, "../pwned", NOWHERE),
    ("in headers", {"bad-1.0.data/headers/../pwned": "x"}, None, "../pwned", NOWHERE),
    ("scheme above", {"bad-1.0.data/../pwned": "x"}, None, "../pwned", NOWHERE),
    ("unknown scheme", {"bad-1.0.data/etc/pwned": "x"}, None, "etc/pwned", ONLY),
    ("scheme of no name", {"bad-1.0.data/pwned": "x"}, None, "data/pwned", ONLY),
    ("scheme is a file", {"bad-1.0.data/scripts": "x"}, None, "data/scripts", ONLY),
    ("data is a file", {"bad-1.0.data": "x"}, None, "bad-1.0.data", ONLY),
    (
        "other Python",
        {"bad-1.0.data/data/lib/python3.9/site-packages/pwned.py": "x"},
        None,
        "lib/python3.9/site-packages/pwned.py",
        f"lie in {PLACE}",
    ),
    (
        "other Python's folder",
        {"bad-1.0.data/data/Lib/site-packages/pwned.pth": "x"},
        None,
        "Lib/site-packages",
        f"lie in {PLACE}",
    ),
    (
        "conda's records",
        {"bad-1.0.data/data/conda-meta/pwned-1-0.json": "{}"},
        None,
        "conda-meta/pwned-1-0.json",
        "records of conda packages",
    ),
    ("link", {}, special("bad/pwned", stat.S_IFLNK), "bad/pwned", "a link or a device"),
    ("link up", {}, special("bad/up", stat.S_IFLNK, "../.."), "bad/up", "a link or a device"),
    ("device", {}, special("bad/pwned", stat.S_IFCHR), "bad/pwned", "a link or a device"),
    ("pipe", {}, special("bad/pwned", stat.S_IFIFO), "bad/pwned", "a link or a device"),
    ("twice", {}, twice, "bad/__init__.py", "in the archive twice"),
    ("file and folder", {"bad": "x"}, None, ": bad:", "a file and a folder"),
    ("bomb", {"bad/pwned": bytes(80 << 20)}, None, NAME, "more than 100 times"),
    (
        "many bombs",
        {f"bad/pwned{i}": bytes(8 << 20) for i in range(10)},
        None,
        NAME,
        "more than 100 times",
    ),
    ("bzip2", {}, encoded("bad/pwned", zipfile.ZIP_BZIP2), "bad/pwned", "wheels do not use"),
    ("lzma", {}, encoded("bad/pwned", zipfile.ZIP_LZMA), "bad/pwned", "wheels do not use"),
    ("RECORD above", record("../../../../victim,,"), None, "victim (in", NOWHERE),
    ("RECORD absolute", record("/etc/passwd,,"), None, "/etc/passwd (in", RELATIVE),
    ("RECORD empty path", record(",,"), None, "RECORD", NOWHERE),
    ("RECORD of two columns", record("bad/__init__.py,"), None, "RECORD", "be understood"),
    ("RECORD hash", record("bad/__init__.py,md9=1,1"), None, NAME, "no wheel"),
    ("RECORD size", record("bad/__init__.py,,huge"), None, NAME, "no wheel"),
    ("RECORD not text", {f"{INFO}/RECORD": b"\xff\xfe"}, None, NAME, "no wheel"),
    ("no RECORD", {f"{INFO}/RECORD": None}, None, NAME, "no wheel"),
    ("no WHEEL", {f"{INFO}/WHEEL": None}, None, NAME, "no wheel"),
    ("no METADATA", {f"{INFO}/METADATA": None}, None, NAME, "no wheel"),
    (
        "no metadata",
        {path: None for path in plain() if path != "bad/__init__.py"},
        None,
        NAME,
        "no",
    ),
    ("two metadata", {"evil-1.0.dist-info/METADATA": "Name: evil\n"}, None, NAME, "exactly one"),
    ("other name", {f"{INFO}/METADATA": "Name: pip\n"}, None, "METADATA", "called 'pip', not bad"),
    ("name is an option", {f"{INFO}/METADATA": "Name: -rx\n"}, None, "METADATA", "called '-rx'"),
    ("WHEEL 2", {f"{INFO}/WHEEL": "Wheel-Version: 2.0\n"}, None, "WHEEL", "Wheel-Version is '2.0'"),
    ("WHEEL empty", {f"{INFO}/WHEEL": ""}, None, "WHEEL", "Wheel-Version is None"),
    ("command above", points("[console_scripts]\n../pwned = a:b\n"), None, "entry_p", "no name of"),
    ("command absolute", points("[console_scripts]\n/pwned = a:b\n"), None, "entry", "no name of"),
    ("command hidden", points("[gui_scripts]\n.pwned = a:b\n"), None, "entry_points", "no name of"),
    ("command\\", points("[console_scripts]\na\\b = a:b\n"), None, "entry_points", "no name of"),
    ("code", points("[console_scripts]\npwned = os;x:y\n"), None, "entry_points", "be understood"),
    (
        "code in attr",
        points("[console_scripts]\npwned = os:a()\n"),
        None,
        "entry_p",
        "be understood",
    ),
    ("no function", points("[console_scripts]\npwned = os\n"), None, "entry_p", "be understood"),
    ("no section", points("pwned = os:x\n"), None, "entry_points", "be understood"),
    ("percent", points("[console_scripts]\npwned = %(x)s\n"), None, "entry_p", "be understood"),
    ("not text", {f"{INFO}/entry_points.txt": b"\xff"}, None, "entry_points", "be understood"),
]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PythonIndex]:
    folder = tmp_path / "index"
    folder.mkdir()
    with serving(folder) as index:
        yield index


Locked = Callable[[str], str]


@pytest.fixture
def locked(strata: Strata, project: Path, channel: HandMadeChannel, index: PythonIndex) -> Locked:
    """Write a lock of a Python and of a wheel that the index has; returns the wheel's URL."""

    def write(name: str) -> str:
        write_environment(project, channel, ["python"])
        assert strata("lock").returncode == 0
        (project / "environment.yml").unlink()
        url = f"{index.url.removesuffix('/simple')}/{name}"
        hashed = hashlib.sha256((index.folder / name).read_bytes()).hexdigest()
        lock = project / "strata.lock"
        text = lock.read_text()
        listed = f"      - conda: {channel.folder}/{SUBDIR}/python-3.11.5-h0_0.tar.bz2\n"
        assert text.count(listed) == 1
        text = text.replace(listed, f"{listed}      - pypi: {url}\n")
        text += f"- pypi: {url}\n  name: bad\n  version: '1.0'\n  sha256: {hashed}\n"
        lock.write_text(text)
        return url

    return write


def around(folder: Path) -> dict[str, bytes]:
    """What lies around the project, but for the prefix that is installed to and the caches."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[:2] != ("project", "env")
        if path.relative_to(folder).parts[0] not in {"cache", ".cache"}
    }


def refused(strata: Strata, project: Path, path: str, rule: str) -> None:
    (project.parent / "victim").write_text("precious")
    before = around(project.parent)
    for command in (
        ("install", "--prefix", "env", "--platform", SUBDIR),
        ("layers", "--out", "out", "--platform", SUBDIR),
    ):
        done = strata(*command)
        assert done.returncode == 6, done.stderr
        said = done.stderr.splitlines()[-2]
        assert said.startswith("error: the wheel bad 1.0 is refused: ")
        assert path in said
        assert rule in said
        assert "Traceback" not in done.stderr
        assert all(c.isprintable() or c == "\n" for c in done.stderr)
    assert around(project.parent) == before
    assert not [file for file in (project / "env").rglob("*") if "pwned" in file.name]
    assert not [*project.parent.parent.glob("pwned"), *Path("/tmp").glob("pwned")]  # noqa: S108


@pytest.mark.parametrize(
    ("files", "change", "path", "rule"), [pytest.param(*case[1:], id=case[0]) for case in HOSTILE]
)
def test_hostile_wheels_are_refused(
    strata: Strata,
    project: Path,
    index: PythonIndex,
    locked: Locked,
    files: Files,
    change: Change | None,
    path: str,
    rule: str,
) -> None:
    write_wheel(index.folder / NAME, files, change)
    locked(NAME)
    refused(strata, project, path, rule)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>log in</html>", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + b"x" * 100],
    ids=["empty", "page", "no files", "cut off"],
)
def test_what_is_no_archive(
    strata: Strata, project: Path, index: PythonIndex, locked: Locked, content: bytes
) -> None:
    (index.folder / NAME).write_bytes(content)
    locked(NAME)
    refused(strata, project, NAME, "it is no wheel")


@pytest.mark.parametrize("place", ["central", "data"])
def test_damage(strata: Strata, index: PythonIndex, locked: Locked, place: str) -> None:
    """The size in the archive's list is too small, or the compressed bytes are changed."""
    file = index.folder / NAME
    write_wheel(file, {"bad/pwned.txt": "words " * 1000})
    data = bytearray(file.read_bytes())
    at = data.rindex(b"bad/pwned.txt") - 46 if place == "central" else data.index(b"bad/pwned.txt")
    at += 24 if place == "central" else 20
    data[at : at + 4] = b"\x05\0\0\0" if place == "central" else b"\xff\xff\xff\xff"
    file.write_bytes(data)
    locked(NAME)
    done = strata("layers", "--out", "out", "--platform", SUBDIR)
    assert done.returncode == 6, done.stderr
    assert "the wheel bad 1.0 is refused" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "bad-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "bad-1.0-cp311-cp311-manylinux_2_17_aarch64.whl",
        "bad-1.0-cp311-cp311-win_amd64.whl",
        "bad-1.0-py2-none-any.whl",
    ],
)
def test_wheels_of_another_platform(
    strata: Strata, project: Path, index: PythonIndex, locked: Locked, name: str
) -> None:
    write_wheel(index.folder / name, {})
    locked(name)
    refused(strata, project, name, "tags do not fit")


SCRIPTS = "bad-1.0.data/scripts"
HARMLESS: list[tuple[str, Files, str, str | None]] = [
    (
        "shebang",
        {f"{SCRIPTS}/x": "#!python\nprint(1)\n"},
        "bin/x",
        "#!{home}/bin/python\nprint(1)\n",
    ),
    ("only a shebang", {f"{SCRIPTS}/x": "#!python"}, "bin/x", "#!{home}/bin/python\n"),
    ("shell, one line", {f"{SCRIPTS}/x": "#!/bin/sh"}, "bin/x", "#!/bin/sh"),
    ("empty script", {f"{SCRIPTS}/x": ""}, "bin/x", ""),
    ("script in a folder", {f"{SCRIPTS}/x/y": "1"}, "bin/x/y", "1"),
    ("header", {"bad-1.0.data/headers/b.h": "1"}, "include/python3.11/bad/b.h", "1"),
    ("data", {"bad-1.0.data/data/share/b": "1"}, "share/b", "1"),
    (
        "data in its own place",
        {f"bad-1.0.data/data/{PLACE}/b.pth": "1"},
        f"{PLACE}/b.pth",
        "1",
    ),
    ("platlib", {"bad-1.0.data/platlib/b.py": "1"}, f"{PLACE}/b.py", "1"),
    ("data of another name", {"x.data/scripts/y": "1"}, f"{PLACE}/x.data/scripts/y", "1"),
    ("compiled", {"bad/__pycache__/x.pyc": "1"}, f"{PLACE}/bad/__pycache__/x.pyc", None),
    ("folder", {"bad/sub/": "", "bad/sub/x": "1"}, f"{PLACE}/bad/sub/x", "1"),
    ("another's signature", {f"{INFO}/INSTALLER": "evil"}, f"{PLACE}/{INFO}/INSTALLER", "strata\n"),
]


@pytest.mark.parametrize(
    ("files", "path", "content"), [pytest.param(*case[1:], id=case[0]) for case in HARMLESS]
)
def test_what_is_only_odd(
    strata: Strata,
    project: Path,
    index: PythonIndex,
    locked: Locked,
    files: Files,
    path: str,
    content: str | None,
) -> None:
    write_wheel(index.folder / NAME, files)
    locked(NAME)
    done = strata("layers", "--out", "out", "--platform", SUBDIR)
    assert done.returncode == 0, done.stderr
    (top,) = (project / "out").glob(f"*{HOME}/{PLACE}/bad/__init__.py")
    file = top.parents[4] / path
    if content is None:
        assert not file.exists()
        return
    assert file.read_text() == content.format(home=HOME)
    assert bool(file.stat().st_mode & 0o100) == path.startswith("bin/")
    records = (top.parents[1] / INFO / "RECORD").read_text().splitlines()
    assert len({row.partition(",")[0] for row in records}) == len(records)
    for row in records:
        name, hashed, size = row.split(",")
        if hashed:
            assert (top.parents[1] / name).stat().st_size == int(size)


def test_a_link_of_the_prefix_is_not_written_through(
    strata: Strata, project: Path, index: PythonIndex, locked: Locked
) -> None:
    """A file is replaced, as it can be a hard link into the package cache; a folder is not."""
    write_wheel(index.folder / NAME, {"bad-1.0.data/data/share/x/pwned": "1"})
    locked(NAME)
    (project / "env/share").mkdir(parents=True)
    (project / "elsewhere").mkdir()
    (project / "env/share/x").symlink_to(project / "elsewhere")
    done = strata("install", "--prefix", "env", "--platform", SUBDIR)
    assert done.returncode == 6
    assert "share/x/pwned: a link leads out of the environment" in done.stderr
    assert not list((project / "elsewhere").iterdir())


def test_a_file_of_the_cache_is_not_written_through(
    strata: Strata, project: Path, index: PythonIndex, locked: Locked
) -> None:
    write_wheel(index.folder / NAME, {"bad-1.0.data/data/lib/python3.11/os.py": "pwned"})
    locked(NAME)
    assert strata("install", "--prefix", "env", "--platform", SUBDIR).returncode == 0
    assert (project / "env/lib/python3.11/os.py").read_text() == "pwned"
    (cached,) = (project.parent / "cache").rglob("lib/python3.11/os.py")
    assert cached.read_text() == "name = 1\n"


def test_a_damaged_file_of_the_cache_is_fetched_again(
    strata: Strata, project: Path, index: PythonIndex, locked: Locked
) -> None:
    write_wheel(index.folder / NAME, {})
    locked(NAME)
    assert strata("layers", "--out", "one", "--platform", SUBDIR).returncode == 0
    (cached,) = (project.parent / "cache").rglob(NAME)
    good = cached.read_bytes()
    cached.write_bytes(b"pwned")
    assert strata("layers", "--out", "two", "--platform", SUBDIR).returncode == 0
    assert cached.read_bytes() == good


def test_an_index_that_answers_otherwise(
    strata: Strata, project: Path, index: PythonIndex, locked: Locked
) -> None:
    write_wheel(index.folder / NAME, {})
    url = locked(NAME)
    (index.folder / NAME).write_bytes(b"pwned")
    done = strata("install", "--prefix", "env", "--platform", SUBDIR)
    assert done.returncode == 6
    assert f"{url}: the download is not what the lock says (SHA-256)" in done.stderr
    (index.folder / NAME).unlink()
    done = strata("install", "--prefix", "env", "--platform", SUBDIR)
    assert done.returncode == 6
    assert f"{url}: 404" in done.stderr
    assert not list((project.parent / "cache/wheels").rglob("*.whl"))


ODD = [
    "bad.whl",
    "bad-1.0.whl",
    "bad-1.0-py3-none-any.zip",
    "bad--py3-none-any.whl",
    "bad-one-py3-none-any.whl",
    "-1.0-py3-none-any.whl",
    "bad-1.0-py3.whl",
    "bad-1.0-x-y-z-a-b-py3-none-any.whl",
    "bad-1.0-1-2-py3-none-any.whl",
    "b%20d-1.0-py3-none-any.whl",
    "bad-1.0-cp27-cp27m-win32.whl",
    "%00-1.0-py3-none-any.whl",
    "..%2fbad.whl",
    "",
]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("kind", ["wheels", "archive"])
def test_odd_names_of_wheels(name: str, kind: str) -> None:
    """No traceback, whatever an index calls its files."""
    target = Target("3.11.5", SUBDIR, {})
    file = {"url": f"https://files.example/{name}", "hashes": {"sha256": "0" * 64}}
    package = {"name": "bad", kind: [file] if kind == "wheels" else file}
    with pytest.raises(UnsatisfiableError, match=r"bad|packages"):
        chosen(target, [package])


def test_the_best_wheel_is_chosen_among_others() -> None:
    target = Target("3.11.5", SUBDIR, {"__glibc": ("2.28", "0")})
    names = [
        "py3-none-any",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-abi3-manylinux_2_28_x86_64",
    ]
    files = [
        {"url": f"https://files.example/x-1.0-{tag}.whl", "hashes": {"sha256": str(i) * 64}}
        for i, tag in enumerate([*names, "cp311-cp311-manylinux_2_34_x86_64", "cp311-cp311-win32"])
    ]
    (wheel,) = chosen(target, [{"name": "x", "version": "1.0", "wheels": files}])
    assert wheel.file_name == "x-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert (wheel.version, wheel.sha256) == ("1.0", "1" * 64)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("pytorch", "2.5", "torch"),
        ("pyqt", "5.15.9", "pyqt5"),
        ("pyqt", "6.9", "pyqt6"),
        ("typing_extensions", "4.12", "typing-extensions"),
        ("ruamel.yaml.clib", "0.2", "ruamel-yaml-clib"),
        ("python-dateutil", "2.9", "python-dateutil"),
        ("python-levenshtein", "0.26", "python-levenshtein"),
        ("python-snappy", "0.7", "python-snappy"),
        ("python-fastjsonschema", "2.20", "fastjsonschema"),
        ("tensorflow-base", "2.17", "tensorflow"),
        ("msgpack-python", "1.1", "msgpack"),
        ("py-xgboost", "2.1", "xgboost"),
        ("faiss", "1.9", "faiss-cpu"),
        ("pytorch_geometric", "2.6", "torch-geometric"),
        ("numpy", "2.1", "numpy"),
    ],
)
def test_names_on_pypi(name: str, version: str, expected: str) -> None:
    assert pypi_name(name, Version(version)) == expected
