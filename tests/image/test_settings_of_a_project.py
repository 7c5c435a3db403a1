"""Settings of images: what each is by default, how it is read, and where a mistake stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_strata.core.errors import ManifestError, UsageError
from conda_strata.image import settings, settings_file
from conda_strata.image.settings import Settings

START = "[tool.strata.image]\n"


def read(folder: Path, text: str) -> Settings:
    (folder / "pyproject.toml").write_text(text)
    return settings_file.read(folder)


def test_each_setting_is_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        START
        + 'name = "ghcr.io/a/b"\nplatforms = ["linux/arm64", "linux-64", "linux/amd64"]\n'
        + 'targets = { dev = "dev", x-1 = "default" }\ncompression = "gzip"\n'
        + 'size-limit = "3 GB"\nbase = "python:3.13"\nslim = true\n',
    )
    assert found == Settings(
        "ghcr.io/a/b",
        ("linux-aarch64", "linux-64"),
        {"dev": "dev", "x-1": "default"},
        "gzip",
        found.size_limit,
        None,
        "python:3.13",
        slim=True,
    )
    assert str(found.size_limit).replace(" ", "") == "3GB"
    assert (found.file, found.table) == (tmp_path / "pyproject.toml", "tool.strata.image")


def test_without_settings_all_are_the_default(tmp_path: Path) -> None:
    for found in (settings_file.read(tmp_path), read(tmp_path, ""), read(tmp_path, START)):
        assert found == Settings("", ("linux-64",), None, "zstd", None, None, "debian:trixie-slim")
        assert not found.slim


def test_pyproject_comes_before_strata_toml(tmp_path: Path) -> None:
    (tmp_path / "strata.toml").write_text('[image]\nname = "a/b"\n')
    found = settings_file.read(tmp_path)
    assert (found.name, found.table, found.file.name) == ("a/b", "image", "strata.toml")
    assert read(tmp_path, START + 'name = "c/d"').name == "c/d"


def test_a_dockerfile_where_one_is_expected_or_named(tmp_path: Path) -> None:
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / ".devcontainer/Dockerfile").touch()
    (tmp_path / "Other").touch()
    assert read(tmp_path, START).dockerfile == Path(".devcontainer/Dockerfile")
    assert read(tmp_path, START + 'dockerfile = "Other"').dockerfile == Path("Other")
    assert read(tmp_path, START + 'base = "debian"').dockerfile is None
    with pytest.raises(ManifestError, match=r"pyproject.toml:2: None does not exist"):
        read(tmp_path, START + 'dockerfile = "None"')
    with pytest.raises(ManifestError, match=r"\.devcontainer does not exist"):
        read(tmp_path, START + 'dockerfile = ".devcontainer"')


SAID = '[project]\nname = "x"\nversion = "1"\ndescription = "d"\nlicense = "MIT"\n'
URLS = '[project.urls]\nHomepage = "h"\nRepository = "r"\nSource = "s"\n'


def test_what_a_project_says_of_itself_is_on_its_images(tmp_path: Path) -> None:
    prefix = "org.opencontainers.image"
    about = {f"{prefix}.title": "x", f"{prefix}.description": "d", f"{prefix}.licenses": "MIT"}
    assert read(tmp_path, SAID).about == about
    for line, source in (("", "s"), ("Source = ", "r"), ("Repository = ", "h")):
        text = URLS if not line else URLS[: URLS.index(line)]
        if line == "Source = ":
            assert "Repository" in text
        found = read(tmp_path, SAID + text).about
        assert found == about | {f"{prefix}.source": source}
    for odd in ('[project]\nname = ""\nlicense = { text = "MIT" }\n', "project = 1\n", ""):
        assert read(tmp_path, odd).about == {}
    assert read(tmp_path, '[project]\nurls = "x"\n').about == {}


GOOD = ["a", "a/b", "ghcr.io/a/b", "ghcr.io:443/a", "[::1]:5000/a", "a.b/c-d__e--f.g", "0/1"]
BAD = [
    "",
    "A",
    "a b",
    "a/",
    "/a",
    "a//b",
    "a:tag",
    "a@sha256:0",
    "a___b",
    "a..b",
    "-a",
    "a-",
    "x:y/a",
]


@pytest.mark.parametrize("name", GOOD)
def test_names_that_registries_take(name: str) -> None:
    assert settings.checked_name(name) == name


@pytest.mark.parametrize("name", BAD)
def test_names_that_they_do_not_take(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        settings.checked_name(name)
    if name == "A":
        assert refused.value.fix == "Write 'a'."


@pytest.mark.parametrize(
    ("name", "taken"),
    [("a" * 31, True), ("a" * 32, False), ("0_-", True), ("-a", False), ("a.b", False)],
)
def test_names_of_targets(tmp_path: Path, name: str, taken: bool) -> None:
    text = START + f'targets = {{ "{name}" = "dev" }}'
    if taken:
        assert read(tmp_path, text).targets == {name: "dev"}
    else:
        with pytest.raises(ManifestError, match="is no target"):
            read(tmp_path, text)


def failure(folder: Path, text: str) -> ManifestError:
    with pytest.raises(ManifestError) as refused:
        read(folder, text)
    return refused.value


def test_the_nearest_setting_is_offered(tmp_path: Path) -> None:
    assert "Did you mean 'platforms'?" in failure(tmp_path, START + "platform = 1").fix
    assert "Choose from: name, platforms" in failure(tmp_path, START + "zzzzzz = 1").fix


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (START + "slim = 1\n", 2),
        (START + "\n# slim\n  'slim'  = 1\n", 4),
        ("slim = 1\n[tool.x]\nslim = 2\n" + START + "slim = 3\n[tool.y]\nslim = 4\n", 5),
        (" [ tool.strata.image ]\ntargets.dev = 1\n", 2),
        (START + "a = 1\n[tool.strata.image.slim]\nx = 1\n", 2),
        (START + "[tool.strata.image.slim]\nx = 1\n", 2),
        ("[tool.strata]\n[tool.strata.image]\nsliml = 1\n", 3),
        ("[tool.strata.imagex]\nslim = 1\n" + START + "slim = 1\n", 4),
        ("tool.strata.image.slim = 1\n", 1),
        ("[tool.strata]\n\nimage.slim = 1\n", 1),
    ],
)
def test_where_a_mistake_stands(tmp_path: Path, text: str, line: int) -> None:
    assert f"pyproject.toml:{line}: " in failure(tmp_path, text).what
