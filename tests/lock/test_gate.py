"""The gate for locks: what a package of a lock may be, and from where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import LockError, UsageError, WrongPlatformError
from conda_strata.lock import gate, location, model
from conda_strata.lock.location import CONDA_SCHEMES, WHEEL_SCHEMES, Channels
from conda_strata.lock.model import Lock
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.dependency import Spec
from conda_strata.spec.manifest import Manifest
from tests.support.records import SUBDIR, lock_of, record, wheel

FORGE = "https://conda.anaconda.org/conda-forge/"


@pytest.fixture(autouse=True)
def only_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRATA_ALLOW_HTTP", raising=False)


def texts(lock: Lock, **more: Any) -> list[str]:
    channels = Channels(lock.channels, "the lock")
    return [f.text for f in gate.faults(lock, "default", SUBDIR, channels, **more)]


def of_records(*records: Any, **more: Any) -> list[str]:
    return texts(lock_of({"default": list(records)}, **more))


def of_wheels(*wheels: Wheel, **more: Any) -> list[str]:
    return texts(lock_of({"default": []}, {"default": list(wheels)}), **more)


def test_what_is_good_passes() -> None:
    good = record("a", python_site_packages_path="lib/python3.13t/site-packages")
    assert of_records(good, record("b"), record("c", subdir="noarch")) == []
    assert of_records(record("a", python_site_packages_path="Lib/site-packages")) == []
    assert of_wheels(wheel("rich"), wheel("a")) == []


@pytest.mark.parametrize(
    "folder",
    [
        "",
        "/lib/python3.12/site-packages",
        "lib/python3.12/site-packages/..",
        "lib/python3/x",
        "lib",
    ],
)
def test_python_has_its_modules_in_one_of_two_places(folder: str) -> None:
    (text,) = of_records(record("a", python_site_packages_path=folder))
    assert "python_site_packages_path" in text


@pytest.mark.parametrize("sha256", [None, b"", b"a" * 31])
def test_a_package_has_a_sha256(sha256: bytes | None) -> None:
    try:
        one = record("a", sha256=sha256)
    except Exception:  # noqa: BLE001 - rattler's own check of its length
        return
    assert of_records(one) == ["it has no SHA-256, so its content cannot be verified"]


@pytest.mark.parametrize("sha256", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_a_wheel_has_a_sha256(sha256: str) -> None:
    assert of_wheels(wheel("rich")._replace(sha256=sha256)) == [gate._NO_SHA256]


def test_names_occur_once() -> None:
    twice = "it is listed twice in one environment"
    assert of_records(record("a"), record("b"), record("a", "2.0")) == [twice]
    assert of_wheels(wheel("a"), wheel("a", "2.0")) == [twice]
    assert gate.repeated("abcab") == ["a", "b"]


def test_what_pixi_builds_is_named() -> None:
    sources = {"default": {SUBDIR: ("own",)}, "dev": {SUBDIR: ("other",)}}
    (text,) = texts(lock_of({"default": []}, sources=sources))
    assert "built from source" in text


def located(name: str, url: str) -> Wheel:
    return wheel(name)._replace(url=url)


HOST = "https://files.example/"


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (located("rich", f"{HOST}rich-1.0-py3-none-any.whl#sha256=x"), "fragment"),
        (located("rich", f"{HOST}rich-1.0.whl"), "no file name of a wheel"),
        (located("rich", f"{HOST}poor-1.0-py3-none-any.whl"), "is a wheel of poor"),
        (located("rich", "http://files.example/rich-1.0-py3-none-any.whl"), "not encrypted"),
        (located("rich", "file:///x/rich-1.0-py3-none-any.whl"), "not https"),
        (located("rich", "./rich-1.0-py3-none-any.whl"), "not https"),
        (located("rich", "//[x/rich-1.0-py3-none-any.whl"), "no URL"),
        (located("rich", "//[x/poor-1.0-py3-none-any.whl"), "is a wheel of poor"),
        (located("rich", f"{HOST}$x/rich-1.0-py3-none-any.whl"), "no URL of a wheel"),
        (located("-rich", f"{HOST}rich-1.0-py3-none-any.whl"), "no name of a Python package"),
        (located("rich\n", f"{HOST}rich-1.0-py3-none-any.whl"), "no name of a Python package"),
        (located("", f"{HOST}rich-1.0-py3-none-any.whl"), "no name of a Python package"),
        (located("rich", f"{HOST}rich-1.0.tar.gz"), "source distribution"),
        (located("rich", f"{HOST}poor-1.0.tar.gz"), "is a source distribution of poor"),
    ],
)
def test_what_is_wrong_with_a_wheel(one: Wheel, said: str) -> None:
    found = of_wheels(one)
    assert any(said in text for text in found), found


def test_a_source_is_taken_where_the_environment_file_names_it() -> None:
    source = located("rich", f"{HOST}rich-1.0.tar.gz")
    assert len(of_wheels(source)) == 1
    assert of_wheels(source, built={"rich"}) == []
    assert len(of_wheels(source, built={"poor"})) == 1
    assert of_wheels(located("rich", f"{HOST}Rich-1.0-py3-none-any.whl")) == []
    assert of_wheels(located("rich", f"{HOST}{'a' * 40}.zip"), built={"rich"}) == []


def test_fixes_fit_the_faults() -> None:
    channels = Channels([FORGE], "the lock")
    (fault,) = gate.record_faults(record("a"), channels)
    assert "add the channel" in fault.fix
    assert fault.package == "a-1.0-h0_0"
    (fault,) = gate.record_faults(record("a", channel="ftp://x/y/"), channels)
    assert fault.fix.startswith("Restore the lock")
    local = next(gate.wheel_faults(located("rich", "./rich")))
    assert "publish it" in local.fix
    remote = next(gate.wheel_faults(located("rich", "http://x.example/rich-1.0-py3-none-any.whl")))
    assert remote.fix.startswith("Restore")


def test_a_lock_is_refused_for_what_is_about_to_be_used() -> None:
    bad, good = record("a", channel="https://evil.example/"), record("b")
    lock = lock_of({"default": [bad], "dev": [good], "docs": [good]})
    with pytest.raises(LockError, match=r"a-1.0-h0_0 on linux-64: its location .* not under"):
        gate.require_trustworthy(lock, "default", [SUBDIR])
    gate.require_trustworthy(lock, "dev", [SUBDIR])
    gate.require_trustworthy(lock, "default", ["osx-64"])
    gate.require_trustworthy(lock, "none", [SUBDIR], in_layers=False)
    with pytest.raises(LockError):
        gate.require_trustworthy(lock, "dev", [SUBDIR], in_layers=True)
    source = lock_of({"default": []}, {"default": [located("rich", f"{HOST}rich-1.0.tar.gz")]})
    gate.require_trustworthy(source, "default", [SUBDIR], built=["rich"])


def test_what_cannot_be_installed_is_told_once() -> None:
    lacking = wheel("rich")._replace(sha256="")
    lock = lock_of(
        {"default": [record("a", sha256=None), record("b")]}, {"default": [lacking, wheel("c")]}
    )
    (said,) = gate.notices(lock, "default", [SUBDIR, SUBDIR, "osx-64"])
    assert said.count("a-1.0-h0_0") == 1
    assert f"rich ({lacking.url})" in said
    assert "b-1.0" not in said
    assert gate.notices(lock_of({"default": [record("b")]}), "default", [SUBDIR]) == []
    assert gate.notices(lock, "none", [SUBDIR]) == []


def test_local_packages_are_no_wheels_of_an_index() -> None:
    urls = {
        "HTTPS://x.example/a.whl": False,
        "http://x/a.whl": False,
        "./a": True,
        "git+https://x": True,
    }
    assert {url: gate.is_local(located("a", url)) for url in urls} == urls
    lock = lock_of({"default": [record("a")]}, {"default": [located("a", "./a"), wheel("b")]})
    assert gate.without_local(lock).wheels == {"default": {SUBDIR: [wheel("b")]}}
    assert gate.without_local(lock).environments == lock.environments


# Where a package may come from.

ALLOWED = {
    f"{FORGE}linux-64/a-1-0.conda": True,
    f"{FORGE}noarch/a+b~c=d_e!1-1.0-0.tar.bz2": True,
    "HTTPS://Conda.Anaconda.org:443/conda-forge/linux-64/a.conda": True,
    f"{FORGE}linux-64/a%2Bb.conda": True,
    f"{FORGE}linux-64/a%2fb.conda": False,
    f"{FORGE}linux-64/a%5Cb.conda": False,
    f"{FORGE}linux-64/x/a.conda": False,
    f"{FORGE}a.conda": False,
    f"{FORGE}linux-64/": False,
    f"{FORGE}linux-64/a.conda?x": False,
    f"{FORGE}t/a.conda": False,
    f"{FORGE}../a/b.conda": False,
    f"{FORGE[:-1]}-evil/linux-64/a.conda": False,
    "https://conda.anaconda.org:8443/conda-forge/linux-64/a.conda": False,
    "https://evil.example/conda-forge/linux-64/a.conda": False,
    "http://conda.anaconda.org/conda-forge/linux-64/a.conda": False,
}


@pytest.mark.parametrize(("url", "allowed"), ALLOWED.items(), ids=ALLOWED)
def test_a_package_lies_in_a_subdir_of_a_channel(url: str, allowed: bool) -> None:
    assert (
        Channels(["conda-forge", "https://other.example/x"], "me").fault(url) is None
    ) is allowed


def test_without_channels_nothing_is_allowed() -> None:
    fault = Channels([], "the lock").fault(f"{FORGE}linux-64/a.conda")
    assert fault is not None
    assert "of the lock (it has none)" in fault
    evil = Channels(["http://evil.example/x"], "the lock")
    assert evil.fault("http://evil.example/x/linux-64/a.conda") is not None


LOCATIONS = {
    "https://x.example/a": None,
    "https://x.example/a b": "white space",
    "https://x.example/a%0Ab": "white space",
    "https://x.example/a%7fb": "white space",
    "https://x.example/ü": "white space",
    "https://[x/a": "is no URL",
    "ftp://x.example/a": "is not https",
    "https://x.example/a#b": "has a fragment",
    "https://me:pw@x.example/a": "holds credentials",
    "https:///a": "has no host",
    "http://x.example/a": "is not encrypted",
    "http://127.0.0.1/a": None,
    "file:///a": None,
}


@pytest.mark.parametrize(("url", "said"), LOCATIONS.items(), ids=LOCATIONS)
def test_what_is_wrong_with_a_location(url: str, said: str | None) -> None:
    fault = location.location_fault(url, CONDA_SCHEMES)
    assert fault is None if said is None else fault is not None and said in fault
    assert "pw" not in str(fault)


def test_wheels_do_not_come_from_files() -> None:
    assert location.location_fault("file:///a", WHEEL_SCHEMES) is not None
    assert location.location_fault("https://x.example/a", WHEEL_SCHEMES) is None


def test_http_is_allowed_where_the_user_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_ALLOW_HTTP", "1")
    assert location.location_fault("http://x.example/a", CONDA_SCHEMES) is None


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://Host.Example:443/Path", "https://host.example/Path"),
        ("http://h:80/x", "http://h/x"),
        ("https://h:80/x", "https://h:80/x"),
        ("file:///X", "file:///X"),
        ("https://[x", "https://[x"),
    ],
)
def test_urls_that_mean_the_same_are_the_same(url: str, normal: str) -> None:
    assert location.normal(url) == normal


def test_channels_have_a_slash_at_their_end() -> None:
    assert location.channel_url("conda-forge") == FORGE
    assert location.channel_url("https://X.example/a/") == "https://x.example/a/"
    assert location.channel_url("https://[x") == "https://[x/"
    assert location.channel_url("https://x.example/X") == "https://x.example/X/"


def test_channels_that_only_a_dependency_names_come_last() -> None:
    texts = ["a", "https://x.example/y::b", "c[version='>=1']", "d[channel=bioconda]"]
    specs = tuple(Spec(text, Path("environment.yml"), 1) for text in texts)
    manifest = Manifest({"default": specs}, ("conda-forge",), (SUBDIR,), ())
    assert location.of_manifest(manifest) == (
        FORGE, "https://x.example/y/", FORGE.replace("conda-forge", "bioconda"),
    )  # fmt: skip


# The model.

PYTHON = record("python", "3.12.4")
BOTH = lock_of(
    {"default": [PYTHON], "dev": [PYTHON, record("b")]},
    {"default": [wheel("x")], "dev": [wheel("x"), wheel("y")]},
)


def test_everything_is_each_package_once() -> None:
    assert BOTH.everything() == {SUBDIR: [PYTHON, record("b")]}
    assert BOTH.all_wheels() == {SUBDIR: [wheel("x"), wheel("y")]}
    assert BOTH.subdirs == (SUBDIR,)
    assert BOTH.wheels_of("dev", "osx-64") == BOTH.wheels_of("none", SUBDIR) == ()
    assert model.without({SUBDIR: [PYTHON, record("b")]}, ["python"]) == {SUBDIR: [record("b")]}


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="no environment 'none'") as refused:
        BOTH.records("none", SUBDIR)
    assert "default, dev" in refused.value.fix
    with pytest.raises(WrongPlatformError, match=r"for osx-64 \(it has linux-64\)"):
        BOTH.records("dev", "osx-64")


def test_wheels_have_to_fit_the_locked_python_and_platform() -> None:
    target = BOTH.wheel_target("default", SUBDIR)
    assert target is not None
    assert (target.python, target.subdir, target.uv_name) == (
        "3.12.4", SUBDIR, "x86_64-manylinux_2_28",
    )  # fmt: skip
    older = replace(BOTH, virtual_packages={SUBDIR: ("__glibc=2.17=0",)})
    target = older.wheel_target("default", SUBDIR)
    assert target is not None
    assert target.uv_name == "x86_64-manylinux_2_17"
    assert lock_of({"default": [record("b")]}).wheel_target("default", SUBDIR) is None


SAME: dict[str, Any] = {
    "size": {"size": 1},
    "license": {"license": "MIT"},
}
OTHER: dict[str, Any] = {
    "a hash": {"sha256": b"\1" * 32},
    "dependencies": {"depends": ["x"]},
    "constraints": {"constrains": ["x"]},
    "the folder of modules": {"python_site_packages_path": "lib/python3.12/site-packages"},
    "a build": {"build": "h1_0"},
}


def test_what_decides_whether_two_locks_are_the_same() -> None:
    def lock(**changed: Any) -> Lock:
        return lock_of({"default": [record("a", **changed)]})

    assert all(model.same(lock(), lock(**changed)) for changed in SAME.values())
    assert not any(model.same(lock(), lock(**changed)) for changed in OTHER.values())
    start = replace(BOTH, indexes=("a",), virtual_packages={SUBDIR: ("__glibc=2.28=0",)})
    others = [
        replace(start, channels=("x",)),
        replace(start, indexes=("b",)),
        replace(start, virtual_packages={SUBDIR: ("__glibc=2.17=0",)}),
        replace(start, wheels={"default": {SUBDIR: [wheel("x")]}}),
        replace(start, environments={"default": {SUBDIR: [PYTHON]}}),
    ]
    assert not any(model.same(start, one) for one in others)
    assert model.same(
        start, replace(start, sources={"x": {}}, wheels={**start.wheels, "z": {SUBDIR: []}})
    )


def test_one_package_of_one_platform_of_one_environment_makes_two_locks_differ() -> None:
    places = [(name, subdir) for name in ("default", "dev") for subdir in (SUBDIR, "osx-64")]

    def lock(conda: object = None, pip: object = None) -> Lock:
        def of(make: Any, changed: object) -> dict[str, Any]:
            found: dict[str, Any] = {"default": {}, "dev": {}}
            for place in places:
                found[place[0]][place[1]] = [make("a", "2.0" if place == changed else "1.0")]
            return found

        return replace(BOTH, environments=of(record, conda), wheels=of(wheel, pip))

    one_changed = [lock(conda=place) for place in places] + [lock(pip=place) for place in places]
    assert model.same(lock(), lock())
    assert not any(model.same(lock(), changed) for changed in one_changed)
