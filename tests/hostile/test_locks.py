"""Locks that were changed by hand: what install, layers and push refuse, and what can be read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_strata.core.errors import LockError
from conda_strata.prefix.wheels import install_wheels
from conda_strata.pypi.wheel import Wheel
from tests.conftest import HandMadeChannel, Strata
from tests.support.lock_files import Conda, Pip, write_lock

COMMANDS = [
    ("install", "--prefix", "env"),
    ("layers", "--out", "out"),
    ("push", "127.0.0.1:9/me/x:1", "--base", "127.0.0.1:9/me/base:1"),
]
PYTHON = "linux-64/python-3.11.5-h0_0.tar.bz2"
HASH = "a" * 64
WHEEL = "https://files.example/colors-1.0-py3-none-any.whl"


def everything(folder: Path) -> dict[str, str]:
    """What lies around the project, but for the caches."""
    found = (p for p in folder.rglob("*") if p.is_file() or p.is_symlink())
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in found
        if p.relative_to(folder).parts[0] not in {"cache", ".cache"}
    }


def refused(strata: Strata, project: Path, said: str, **env: str) -> None:
    before = everything(project.parent)
    for command in COMMANDS:
        done = strata(*command, **env)
        assert done.returncode == 3, (command, done.stderr)
        assert done.stdout == ""
        assert done.stderr.startswith("error: strata.lock: ")
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert all(c.isprintable() or c == "\n" for c in done.stderr)
        assert "s3cret" not in done.stderr
    assert everything(project.parent) == before


def relocated(new: str) -> Callable[[str, str], str]:
    """Point python elsewhere; {0} is the path of the channel."""

    def change(text: str, folder: str) -> str:
        return text.replace(f"{folder}/{PYTHON}", new.format(folder))

    return change


def added(line: str) -> Callable[[str, str], str]:
    """Add a line to the entry of python."""

    def change(text: str, folder: str) -> str:
        entry = f"\n- conda: {folder}/{PYTHON}\n"
        return text.replace(entry, f"{entry}  {line}\n")

    return change


def listed(entry: str, package: str) -> Callable[[str, str], str]:
    def change(text: str, folder: str) -> str:
        first = f"      - conda: {folder}/linux-64/numbers-2.0-h0_0.tar.bz2\n"
        assert first in text
        listing, content = entry.replace("{0}", folder), package.replace("{0}", folder)
        return text.replace(first, f"      - {listing}\n{first}", 1) + f"- {listing}\n{content}"

    return change


def without(name: str) -> Callable[[str, str], str]:
    def change(text: str, _folder: str) -> str:
        lines = [line for line in text.splitlines() if not line.strip().startswith(f"{name}:")]
        return "\n".join(lines) + "\n"

    return change


def wheel(location: str, name: str = "colors", sha256: str = HASH) -> Callable[[str, str], str]:
    hashed = f"  sha256: {sha256}\n" if sha256 else ""
    return listed(f"pypi: {location}", f'  name: {name}\n  version: "1.0"\n{hashed}')


CONDA = [
    ("other host", relocated(f"https://evil.example/ch/{PYTHON}"), "is not under a channel"),
    ("host like it", relocated(f"https://localhost.evil/{PYTHON}"), "is not under a channel"),
    ("http", relocated(f"http://evil.example/ch/{PYTHON}"), "is not encrypted"),
    ("ftp", relocated(f"ftp://evil.example/ch/{PYTHON}"), "is not https"),
    ("s3", relocated(f"s3://bucket/ch/{PYTHON}"), "is not https"),
    ("other folder", relocated(f"/elsewhere/{PYTHON}"), "is not under a channel"),
    ("above it", relocated("{0}/../" + PYTHON), "is not under a channel"),
    ("above it, encoded", relocated("file://{0}/%2e%2e/" + PYTHON), "is not under a channel"),
    ("name begins like it", relocated("{0}-evil/" + PYTHON), "is not under a channel"),
    ("label below it", relocated("{0}/label/x/" + PYTHON), "is not under a channel"),
    ("encoded slash", relocated("file://{0}/linux-64/..%2fpython-3.11.5-h0_0.tar.bz2"), "not und"),
    ("fragment", relocated(f'"https://evil.example/ch/{PYTHON}#x"'), "has a fragment"),
    ("password", relocated(f"https://me:s3cret@evil.example/ch/{PYTHON}"), "holds credentials"),
    ("user", relocated(f"https://s3cret@evil.example/ch/{PYTHON}"), "holds credentials"),
    ("token", relocated(f"https://evil.example/t/s3cret/ch/{PYTHON}"), "holds credentials"),
    ("encoded newline", relocated("file://{0}/linux-64/%0apython-3.11.5-h0_0.tar.bz2"), "white sp"),
    ("no SHA-256", without("sha256"), "it has no SHA-256"),
    ("no hashes", lambda text, f: without("md5")(without("sha256")(text, f), f), "no SHA-256"),
    (
        "listed twice",
        listed(
            "conda: {0}/linux-64/numbers-1.0-h0_0.tar.bz2",
            f"  subdir: linux-64\n  sha256: {HASH}\n  channel: file://{{0}}\n",
        ),
        "it is listed twice",
    ),
    *(
        (f"site-packages {folder}", added(f"python_site_packages_path: {folder}"), "and no Python")
        for folder in (
            "../../x",
            "/etc",
            "lib/python3.11/site-packages/../../../x",
            "lib/python3.11",
            "lib/python3.11/site-packages/",
            "Lib/Site-Packages",
            "'lib\\python3.11\\site-packages'",
            '"lib/python3.11/site-packages\\n"',
            '""',
            "C:/lib/python3.11/site-packages",
        )
    ),
]

WHEELS = [
    ("option", wheel('"./x\\n--no-binary :all:"'), "white space or control"),
    ("requirement", wheel('"./x\\nevil @ https://evil.example/e.tar.gz"'), "white space or"),
    ("escape", wheel('"./\\e[2Jx"'), "white space or control"),
    ("right to left", wheel('"./\\u202ex"'), "white space or control"),
    ("null", wheel('"./x\\0y"'), "white space or control"),
    ("hash in fragment", wheel(f'"{WHEEL}#sha256={"b" * 64}&x="'), "has a fragment"),
    ("file", wheel("file:///tmp/colors-1.0-py3-none-any.whl"), "is not https"),
    ("path", wheel("../colors-1.0-py3-none-any.whl"), "is not https"),
    ("folder", wheel("./"), "is not https"),
    ("git", wheel("git+https://evil.example/colors"), "is not https"),
    ("direct", wheel(f"direct+{WHEEL}"), "is not https"),
    ("http", wheel(WHEEL.replace("https", "http")), "is not encrypted"),
    ("ftp", wheel(WHEEL.replace("https", "ftp")), "is not https"),
    ("password", wheel(WHEEL.replace("//", "//me:s3cret@")), "holds credentials"),
    ("variable", wheel(f'"{WHEEL}?${{HOME}}"'), "has characters"),
    ("backslash", wheel(f"'{WHEEL}?a\\b'"), "has characters"),
    ("sdist", wheel("https://files.example/colors-1.0.tar.gz"), "it is a source distribution"),
    ("other project", wheel(WHEEL, "shapes"), "is a wheel of colors"),
    ("newline inside", wheel(f'"{WHEEL}\\n--no-binary"'), "no file name of a wheel"),
    ("no SHA-256", wheel(WHEEL, sha256=""), "no SHA-256"),
    (
        "listed twice",
        lambda text, folder: wheel(WHEEL.replace("1.0", "2.0"))(wheel(WHEEL)(text, folder), folder),
        "it is listed twice",
    ),
]


@pytest.mark.parametrize(
    ("change", "said"), [pytest.param(*case[1:], id=case[0]) for case in CONDA]
)
def test_conda_packages(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    change: Callable[[str, str], str],
    said: str,
) -> None:
    assert strata("lock").returncode == 0
    lock = project / "strata.lock"
    good = lock.read_text()
    lock.write_text(changed := change(good, str(channel.folder)))
    assert changed != good
    refused(strata, project, said)


@pytest.mark.parametrize(
    ("change", "said"), [pytest.param(*case[1:], id=case[0]) for case in WHEELS]
)
def test_wheels(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    change: Callable[[str, str], str],
    said: str,
) -> None:
    assert strata("lock").returncode == 0
    lock = project / "strata.lock"
    lock.write_text(change(lock.read_text(), str(channel.folder)))
    refused(strata, project, said)


def test_default_below_another_environment(strata: Strata, project: Path) -> None:
    """Layers of any environment hold those of ``default``, whatever it says itself."""
    (project / "environment.yml").unlink()
    good, bad = Conda("a-1.0-0"), Conda("b-1.0-0", sha256="none")
    solutions = {"default": {"linux-64": [bad]}, "dev": {"linux-64": [good]}}
    write_lock(project / "strata.lock", solutions)
    done = strata("layers", "--env", "dev", "--out", "out", "--platform", "linux-64")
    assert done.returncode == 3
    assert "b-1.0-0 on linux-64: it has no SHA-256" in done.stderr


def test_wheels_without_a_python(strata: Strata, project: Path) -> None:
    (project / "environment.yml").unlink()
    write_lock(project / "strata.lock", {"default": {"linux-64": ["a-1.0-0", Pip("w-1.0")]}})
    done = strata("install", "--platform", "linux-64")
    assert done.returncode == 3
    assert "no Python" in done.stderr


def test_query(strata: Strata, project: Path) -> None:
    """What follows a question mark is not part of a package's file name."""
    (project / "environment.yml").unlink()
    for query, said in (("x=1", "is not under a channel"), ("token=s3cret", "holds credentials")):
        packages = [Conda(f"a-1.0-0.conda?{query}")]
        write_lock(project / "strata.lock", {"default": {"linux-64": packages}})
        refused(strata, project, said)


def test_http_can_be_allowed(strata: Strata, project: Path) -> None:
    """The channel is not reached then, which is another failure."""
    (project / "environment.yml").unlink()
    place = "http://127.0.0.2.invalid/c/"
    package = Conda("a-1.0-0", channel=place)
    write_lock(project / "strata.lock", {"default": {"linux-64": [package]}}, [place])
    refused(strata, project, "is not encrypted")
    done = strata("install", "--prefix", "env", STRATA_ALLOW_HTTP="1")
    assert done.returncode == 6


LOCAL = [
    pytest.param({"pypi": "./", "name": "mine", "version": "1.0", "editable": True}, id="editable"),
    pytest.param({"pypi": "../lib", "name": "mine", "version": "1.0"}, id="path"),
    pytest.param(
        {"pypi": "git+https://h.example/x#abc", "name": "mine", "version": "1.0"}, id="git"
    ),
    pytest.param({"pypi": WHEEL.replace("colors", "mine"), "name": "mine", "version": "1"}, id="w"),
]


@pytest.mark.parametrize("entry", LOCAL)
def test_foreign_lock_can_be_read(strata: Strata, project: Path, entry: dict[str, object]) -> None:
    """A pixi.lock with an editable package is planned, compared and exported, not installed."""

    class Local(Pip):
        @property
        def url(self) -> str:
            return str(entry["pypi"])

        def entry(self) -> dict[str, object]:
            return entry

    (project / "environment.yml").unlink()
    packages: list[str | Conda | Pip] = ["a-1.0-0", Local("mine-1.0")]
    write_lock(project / "pixi.lock", {"default": {"linux-64": packages}})
    write_lock(project / "strata.lock", {"default": {"linux-64": packages}})
    write_lock(project / "other.lock", {"default": {"linux-64": ["a-1.0-0"]}})
    words = ("--lock", "pixi.lock", "--platform", "linux-64")
    for command, code in [
        (("plan", *words), 0),
        (("plan", "--json", *words), 0),
        (("diff", "other.lock", "pixi.lock"), 1),
        (("diff", "pixi.lock", "other.lock", "--format", "markdown"), 1),
        (("export", "--format", "explicit", *words), 0),
        (("export", "--format", "conda-lock", *words), 0),
        (("export", "--format", "environment", *words), 0),
    ]:
        done = strata(*command)
        assert done.returncode == code, (command, done.stderr)
        assert "Traceback" not in done.stderr
        assert "no SHA-256 of mine" in done.stderr
        assert "dynamic" not in done.stdout or command[0] in {"plan", "diff"}
    refused(strata, project, "mine")


V1 = "version: 1\n"
FILES = [
    (
        "conda-workspaces",
        V1 + "environments:\n  default:\n    channels: []\n    packages: {}\npackages: []\n",
        "is a conda.lock of conda-workspaces",
        "conda workspace install",
    ),
    (
        "explicit",
        "# platform: linux-64\n@EXPLICIT\nhttps://x/y.conda\n",
        "is an explicit",
        "--file",
    ),
    ("requirements", "# pip\nnumpy==1.0\nrich>=3\n-r other.txt\n", "is a requirements.txt", "pip:"),
    (
        "hashed requirements",
        f"numpy==1.0 \\\n    --hash=sha256:{HASH}\n",
        "is a requirements.txt",
        "pip:",
    ),
    (
        "conflict",
        "version: 7\n<<<<<<< HEAD\nplatforms: []\n=======\nplatforms: [x]\n>>>>>>> main\n",
        "has conflict markers",
        "strata lock",
    ),
    ("newer", "version: 8\nenvironments: {}\npackages: []\n", "version 8; this", "Upgrade strata"),
    ("environment", "channels: [a]\ndependencies: [b]\n", "is an environment file", "Name it"),
]


@pytest.mark.parametrize(
    ("text", "what", "fix"), [pytest.param(*case[1:], id=case[0]) for case in FILES]
)
def test_other_files_are_named(
    strata: Strata, project: Path, text: str, what: str, fix: str
) -> None:
    (project / "strata.lock").write_text(text)
    before = everything(project.parent)
    for command in (("check",), ("plan",), ("install",), ("diff", "/dev/null", "strata.lock")):
        done = strata(*command)
        assert done.returncode == 3
        assert done.stderr.startswith(f"error: strata.lock {what}") or what in done.stderr
        assert fix in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 2
    assert everything(project.parent) == before


@pytest.mark.parametrize(
    "bad",
    [
        Wheel("a\n--no-binary", "1", WHEEL, HASH),
        Wheel("-r", "1", WHEEL, HASH),
        Wheel("a b", "1", WHEEL, HASH),
        Wheel("a", "1", f"{WHEEL}\n-r x", HASH),
        Wheel("a", "1", f"{WHEEL} ; x", HASH),
        Wheel("a", "1", f"{WHEEL}#sha256={HASH}&x=", HASH),
        Wheel("a", "1", f"{WHEEL}?${{HOME}}", HASH),
        Wheel("a", "1", f"{WHEEL}\\", HASH),
        Wheel("a", "1", f"{WHEEL}\u2028-r x", HASH),
        Wheel("a", "1", WHEEL, f"{HASH}\n-r x"),
        Wheel("a", "1", WHEEL, ""),
    ],
    ids=repr,
)
def test_writer_for_uv_refuses_by_itself(tmp_path: Path, bad: Wheel) -> None:
    """No line for uv can be broken, even where a lock came past the gate."""
    with pytest.raises(LockError):
        install_wheels(tmp_path, [bad], [])
