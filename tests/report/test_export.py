"""Exports, read by the tools that they are for."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from rattler import MatchSpec, RepoDataRecord
from rattler.explicit_environment import ExplicitEnvironmentSpec

from conda_strata.lock import lockfile
from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec import manifest
from conda_strata.spec.dependency import package_name
from tests.conftest import HandMadeChannel, Strata, write_environment
from tests.support.lock_files import Conda, Packages, Pip, real_locks, write_lock

__all__ = ["real_locks"]

FORMATS = ("explicit", "conda-lock", "environment")
TOOLS = Path(sys.executable).parent
# What a line of an explicit file looks like: https://github.com/conda/ceps/blob/main/cep-0023.md
LINE = re.compile(
    r"https?://\S+/[^/\\#\s]+(\.tar\.bz2|\.conda)(#([0-9a-f]{32}|(sha256:)?[0-9a-f]{64}))?"
)

STACK: Packages = [
    Conda("zlib-1.3-h1_0", ["__glibc >=2.17"], subdir="linux-64"),
    Conda("python-3.12.4-h1_0_cpython", ["zlib >=1.3,<2.0a0"], subdir="linux-64"),
    Conda("attrs-25.1-pyh_0", ["python >=3.9", "python"]),
    Pip("rich-14.0", requires=["pygments>=2", "absent; extra == 'x'"]),
    Pip("pygments-2.19"),
]


def export(strata: Strata, form: str, *words: str) -> str:
    done = strata("export", "--format", form, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def urls(explicit: str) -> list[str]:
    return [line for line in explicit.splitlines() if line.startswith(("http", "file"))]


def render(folder: Path, *words: str) -> list[str]:
    """Let conda-lock make an explicit file from conda-lock.yml."""
    command = [str(TOOLS / "conda-lock"), "render", "--kind", "explicit", "--platform", "linux-64"]
    subprocess.run([*command, *words], cwd=folder, check=True, capture_output=True)
    return urls((folder / "conda-linux-64.lock").read_text())


def check_schema(file: Path) -> None:
    """Check a conda-lock.yml against the schema that conda-lock publishes."""
    installed = distribution("conda-lock")
    schema = installed.locate_file("conda_lock/lockfile/v1/conda-lock-v1.schema.json")
    command = [str(TOOLS / "check-jsonschema"), "--schemafile", str(schema), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def assert_ordered(explicit: str, records: Sequence[RepoDataRecord]) -> None:
    """Check that each package comes after all that it depends on."""
    by_url = {record.url: record for record in records}
    names = {record.name.normalized for record in records}
    seen: set[str] = set()
    for line in urls(explicit):
        record = by_url[line.partition("#")[0]]
        needed = {package_name(spec) for spec in record.depends} & names
        assert needed <= seen | {record.name.normalized}
        seen.add(record.name.normalized)
    assert seen == names


def test_explicit(strata: Strata, project: Path) -> None:
    """The file is that of conda: URLs with MD5, each package after its dependencies."""
    write_lock(project / "strata.lock", {"default": {"linux-64": STACK}})
    text = export(strata, "explicit", "--platform", "linux/amd64")
    lines = text.splitlines()
    assert lines.index("# platform: linux-64") < lines.index("@EXPLICIT")
    assert [line.rpartition("/")[2].partition("-")[0] for line in urls(text)] == [
        "zlib", "python", "attrs"
    ]  # fmt: skip
    assert all(LINE.fullmatch(line) for line in urls(text))
    assert all(len(line.partition("#")[2]) == 32 for line in urls(text))
    spec = ExplicitEnvironmentSpec.from_str(text)
    assert str(spec.platform) == "linux-64"
    assert [entry.url for entry in spec.packages] == urls(text)


def test_explicit_leaves_wheels_out(strata: Strata, project: Path) -> None:
    """They are named, and the command that is given for them does what it says."""
    write_lock(project / "strata.lock", {"default": {"linux-64": STACK}})
    done = strata("export", "--format", "explicit", "--platform", "linux-64", "--output", "e.txt")
    assert "leave out: pygments 2.19, rich 14.0\n" in done.stderr
    advised = next(line for line in done.stderr.splitlines() if line.startswith("  sed "))
    command = advised.partition("|")[0]
    shown = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    found = [Requirement(line) for line in shown.stdout.splitlines()]
    assert [requirement.name for requirement in found] == ["pygments", "rich"]
    assert all(re.search(r"\.whl#sha256=[0-9a-f]{64}$", r.url or "") for r in found)


@pytest.mark.parametrize(
    ("md5", "sha256", "ending"),
    [("none", "ab" * 32, "#sha256:" + "ab" * 32), ("none", "none", "")],
)
def test_no_md5(strata: Strata, project: Path, md5: str, sha256: str, ending: str) -> None:
    """An explicit file can do without; conda-lock's format cannot, and that is said."""
    package = Conda("a-1-0", md5=md5, sha256=sha256)
    write_lock(project / "strata.lock", {"default": {"linux-64": [package]}})
    found = urls(export(strata, "explicit", "--platform", "linux-64"))
    assert found == [package.url + ending]
    assert LINE.fullmatch(found[0])
    refused = strata("export", "--format", "conda-lock")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "strata.lock: a-1-0 on linux-64 has no MD5" in refused.stderr


def test_conda_lock(strata: Strata, project: Path) -> None:
    """What conda-lock renders is what strata exports, whatever it is told about dev."""
    dev: Packages = [*STACK, Conda("tool-1-0", ["attrs"])]
    both = {"default": {"linux-64": STACK, "win-64": []}, "dev": {"linux-64": dev, "win-64": []}}
    write_lock(project / "strata.lock", both)
    words = ("--env", "dev", "--output", "conda-lock.yml")
    assert export(strata, "conda-lock", *words) == ""
    written = (project / "conda-lock.yml").read_bytes()
    check_schema(project / "conda-lock.yml")
    found = yaml.safe_load(written)
    assert found["metadata"]["platforms"] == ["linux-64", "win-64"]
    packages = {(p["manager"], p["name"]): p for p in found["package"]}
    assert {name: p["category"] for (_, name), p in packages.items()} == {
        "zlib": "main", "python": "main", "attrs": "main", "tool": "main",
        "pygments": "main", "rich": "main",
    }  # fmt: skip
    assert packages["conda", "attrs"]["dependencies"] == {"python": ">=3.9"}
    assert packages["pip", "rich"]["dependencies"] == {"pygments": ">=2"}

    explicit = export(strata, "explicit", "--platform", "linux-64", "--env", "dev")
    for flag in ("--dev-dependencies", "--no-dev-dependencies"):
        assert sorted(render(project, flag)) == sorted(urls(explicit)) != []

    assert export(strata, "conda-lock", *words) == ""
    assert (project / "conda-lock.yml").read_bytes() == written
    one = yaml.safe_load(export(strata, "conda-lock", "--platform", "win-64"))
    assert (one["metadata"]["platforms"], one["package"]) == (["win-64"], [])


def test_an_environment_without_default(strata: Strata, project: Path) -> None:
    """Where an environment does not contain default, all of it has to be installed."""
    both: dict[str, dict[str, Packages]] = {
        "default": {"linux-64": ["a-1-0", "b-1-0"]},
        "doc": {"linux-64": ["a-1-0", "c-1-0"]},
    }
    write_lock(project / "strata.lock", both)
    found = yaml.safe_load(export(strata, "conda-lock", "--env", "doc"))
    assert {p["name"]: p["category"] for p in found["package"]} == {"a": "main", "c": "main"}


def test_environment_is_locked_again(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """The pinned file is one for strata, too: it comes to the same packages."""
    write_environment(project, channel, ["frames", "numbers <2"])
    assert strata("lock").returncode == 0
    (project / "strata.lock").rename(project / "old.lock")
    text = export(strata, "environment", "--platform", "linux-64", "--lock", "old.lock")
    (project / "environment.yml").write_text(text)
    assert strata("lock").returncode == 0
    again = strata("diff", "old.lock", "strata.lock")
    assert (again.returncode, again.stdout) == (0, "no differences\n")


def test_environment_with_wheels(strata: Strata, project: Path) -> None:
    write_lock(project / "strata.lock", {"default": {"linux-64": STACK}})
    text = export(strata, "environment", "--platform", "linux-64")
    assert yaml.safe_load(text) == {
        "name": "default",
        "channels": ["conda-forge"],
        "platforms": ["linux-64"],
        "dependencies": [
            "attrs=25.1=pyh_0", "python=3.12.4=h1_0_cpython", "zlib=1.3=h1_0", "pip",
            {"pip": ["pygments==2.19", "rich==14.0"]},
        ],
    }  # fmt: skip
    (project / "environment.yml").write_text(text)
    read = manifest.load([project / "environment.yml"])
    assert [spec.text for spec in read.pip["default"]] == ["pygments==2.19", "rich==14.0"]


def test_wheels_of_our_own_lock(strata: Strata, project: Path) -> None:
    """The lock that strata writes holds what an export needs of a wheel."""
    assert strata("lock").returncode == 0
    lock = lockfile.read(project / "strata.lock")
    wheel = Wheel("charts", "1.0", "https://example.org/charts-1.0-py3-none-any.whl", "ab" * 32)
    lockfile.write(
        Lock(lock.environments, lock.channels, lock.path, {"default": {"linux-64": [wheel]}})
    )
    found = yaml.safe_load(export(strata, "conda-lock"))["package"][-1]
    assert (found["manager"], found["url"], found["hash"]) == (
        "pip", wheel.url, {"sha256": wheel.sha256}
    )  # fmt: skip


def test_empty_environment(strata: Strata, project: Path) -> None:
    write_lock(project / "strata.lock", {"default": {"linux-64": []}})
    assert export(strata, "explicit", "--platform", "linux-64").splitlines()[-1] == "@EXPLICIT"
    assert yaml.safe_load(export(strata, "conda-lock"))["package"] == []
    described = yaml.safe_load(export(strata, "environment", "--platform", "linux-64"))
    assert described["dependencies"] == []


def test_no_credentials(strata: Strata, project: Path) -> None:
    """They stay at home, and nothing in a URL is left for a tool to expand."""
    private = "https://user:PASS@example.org/t/TOKEN/channel/$HOME/"
    packages: Packages = [
        Conda("a-1-0", channel=private),
        Pip("w-1.0", host="https://user:PASS@example.org/"),
    ]
    write_lock(project / "strata.lock", {"default": {"linux-64": packages}}, [private])
    for form in FORMATS:
        text = export(strata, form, "--platform", "linux-64")
        assert not re.search(r"PASS|TOKEN|user|\$", text.replace("conda-lock install", ""))
        assert "https://example.org/channel/%24HOME" in text


HOSTILE = "1.0; import os # '\"\n- evil: {}"


def test_hostile_names(strata: Strata, project: Path) -> None:
    """What a lock names stays one value, on one line."""
    wheel = Pip("w-1.0", tags="py3-none-any\n@EXPLICIT\nhttp", extra={"version": "1.0+a.b"})
    write_lock(project / "strata.lock", {HOSTILE: {"linux-64": [wheel, "a-1!2.0-0"]}})
    words = ("--env", HOSTILE, "--platform", "linux-64")
    text = export(strata, "explicit", *words)
    assert len(text.splitlines()) == 6
    assert text.count("\n@EXPLICIT\n") == 1
    described = yaml.safe_load(export(strata, "environment", *words))
    assert described["name"] == HOSTILE
    assert described["dependencies"][0] == "a=1!2.0=0"
    locked = yaml.safe_load(export(strata, "conda-lock", *words))
    assert [p["name"] for p in locked["package"]] == ["a", "w"]


def test_cycles(strata: Strata, project: Path) -> None:
    """Packages that need each other have no order, which must not keep them back."""
    packages: Packages = [Conda("a-1-0", ["b"]), Conda("b-1-0", ["a"]), Conda("c-1-0", ["a"])]
    write_lock(project / "strata.lock", {"default": {"linux-64": packages}})
    found = urls(export(strata, "explicit", "--platform", "linux-64"))
    names = [url.rpartition("/")[2][0] for url in found]
    assert names.index("a") < names.index("c")


def test_output(strata: Strata, project: Path) -> None:
    """A file is there whole, readable as any other, or as it was before."""
    write_lock(project / "strata.lock", {"default": {"linux-64": STACK}})
    words = ("environment", "--platform", "linux-64", "--output")
    printed = export(strata, *words[:-1])
    assert export(strata, *words, "env.yml") == ""
    assert (project / "env.yml").read_text() == printed
    if os.name == "posix":
        assert stat.S_IMODE((project / "env.yml").stat().st_mode) == 0o644
        assert export(strata, *words, "/dev/stdout") == printed
        assert Path("/dev/stdout").is_symlink()
    assert sorted(p.name for p in project.iterdir()) == [
        "env.yml",
        "environment.yml",
        "strata.lock",
    ]
    failed = strata("export", "--format", *words, "missing/env.yml")
    assert failed.returncode == 1
    assert "missing/env.yml cannot be written" in failed.stderr


def test_bad_words(strata: Strata, project: Path) -> None:
    missing = strata("export", "--format", "conda-lock")
    assert missing.returncode == 1
    assert "strata.lock is missing" in missing.stderr
    write_lock(project / "strata.lock", {"default": {"linux-64": STACK}})
    for form in FORMATS:
        assert strata("export", "--format", form, "--platform", "win-64").returncode == 5
        assert strata("export", "--format", form, "--platform", "amiga").returncode == 2
        assert strata("export", "--format", form, "--env", "nope").returncode == 2
    assert strata("export").returncode == 2


def test_a_real_lock(strata: Strata, real_locks: list[Path]) -> None:
    """560 packages on each of four platforms."""
    lock = lockfile.read(real_locks[-1])
    words = ("--lock", str(real_locks[-1]))
    for subdir in lock.subdirs:
        records = lock.environments["default"][subdir]
        assert_ordered(export(strata, "explicit", *words, "--platform", subdir), records)
        described = export(strata, "environment", *words, "--platform", subdir)
        for spec, record in zip(yaml.safe_load(described)["dependencies"], records, strict=True):
            assert MatchSpec(spec).matches(record)


def test_a_real_lock_with_wheels(strata: Strata, project: Path, real_locks: list[Path]) -> None:
    """From it conda-lock makes the same, wheels included, as strata's own explicit file."""
    words = ("--lock", str(next(path for path in real_locks if "pypi:" in path.read_text())))
    (project / "conda-lock.yml").write_text(export(strata, "conda-lock", *words))
    check_schema(project / "conda-lock.yml")
    explicit = export(strata, "explicit", *words, "--platform", "linux-64")
    assert sorted(render(project)) == sorted(urls(explicit))
    rendered = (project / "conda-linux-64.lock").read_text()
    wheels = [
        sorted(line for line in text.splitlines() if line.startswith("# pip "))
        for text in (rendered, explicit)
    ]
    assert wheels[0] == wheels[1] != []
