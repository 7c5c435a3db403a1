"""Environment files made of what other tools have: what they hold, and what is said to be left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.conftest import HandMadeChannel, Strata


@pytest.fixture(autouse=True)
def _no_environment_file(project: Path) -> None:
    (project / "environment.yml").unlink()


def converted(strata: Strata, *words: str) -> tuple[dict[str, dict[str, object]], list[str]]:
    """Return file to its content, and the sentences on what was left out."""
    done = strata("convert", *words, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return {name: yaml.safe_load(text) for name, text in said["files"].items()}, said["left_out"]


def test_requirements_files(strata: Strata, project: Path) -> None:
    (project / "requirements.txt").write_text("rich\n")
    (project / "requirements-dev.txt").write_text("-r requirements.txt\npytest\n")
    (project / ".python-version").write_text("3.12\n")
    files, left = converted(strata)
    assert files == {
        "environment.yml": {
            "channels": ["conda-forge"],
            "dependencies": ["python =3.12", "pip", {"pip": ["-r requirements.txt"]}],
        },
        "environment-dev.yml": {
            "channels": ["conda-forge"],
            "dependencies": ["pip", {"pip": ["-r requirements-dev.txt"]}],
        },
    }
    assert left == []


def test_shown_then_written_then_never_written_over(strata: Strata, project: Path) -> None:
    (project / "requirements.txt").write_text("rich\n")
    hint = strata("lock")
    assert hint.returncode == 2
    assert "'strata convert --write' makes it from requirements.txt" in hint.stderr
    shown = strata("convert")
    assert "      - -r requirements.txt" in shown.stdout.splitlines()
    assert not (project / "environment.yml").exists()
    assert strata("convert", "--write").returncode == 0
    text = (project / "environment.yml").read_text()
    assert text.startswith("# Made by 'strata convert' from requirements.txt.\n")
    (project / "requirements.txt").write_text("httpx\n")
    refused = strata("convert", "--write")
    assert refused.returncode == 2
    assert "environment.yml is there already" in refused.stderr
    assert (project / "environment.yml").read_text() == text


def test_project_with_groups_and_extras(strata: Strata, project: Path) -> None:
    (project / "pyproject.toml").write_text(
        """
[project]
name = "mine"
version = "1"
requires-python = ">=3.11, <3.14"
dependencies = ["rich"]
[project.optional-dependencies]
plots = ["bokeh"]
dev = ["ruff"]
[dependency-groups]
test = ["pytest >=8", {include-group = "cov"}, "x @ git+https://example.org/x"]
cov = ["pytest-cov", {include-group = "test"}]
[tool.uv.sources]
rich = {path = "../rich"}
"""
    )
    files, left = converted(strata)
    assert files["environment.yml"]["dependencies"] == [
        "python >=3.11,<3.14",
        "pip",
        {"pip": ["-e ."]},
    ]
    assert files["environment-dev.yml"]["dependencies"] == ["pip", {"pip": ["-e .[dev]"]}]
    tests = files["environment-test.yml"]["dependencies"]
    assert tests == ["pip", {"pip": ["pytest >=8", "pytest-cov"]}]
    said = "\n".join(left)
    assert "the extra 'plots'" in said
    assert "the group 'test': x does not come from a wheel" in said
    assert "[tool.uv]" in said


def test_what_is_converted_can_be_locked(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    (project / "pixi.toml").write_text(
        f"""
[workspace]
name = "mine"
channels = ["{channel.url}"]
platforms = ["linux-64"]
[dependencies]
frames = "*"
numbers = {{ version = ">=1, <3", build = "h0_0" }}
[target.win.dependencies]
nowhere = "1.*"
[feature.more.dependencies]
tool = "1.0"
[environments]
more = ["more"]
"""
    )
    assert strata("convert", "--write").returncode == 0
    locked = strata("lock")
    assert locked.returncode == 0, locked.stderr
    assert strata("check").returncode == 0
    plan = strata("plan", "--env", "more", "--platform", "linux-64")
    assert "tool 1.0" in plan.stdout


def test_pixi(strata: Strata, project: Path) -> None:
    (project / "pixi.toml").write_text(
        """
[workspace]
name = "mine"
channels = ["conda-forge", {channel = "bioconda"}, "https://me:secret@example.org/c"]
platforms = ["linux-64", "win-64", "linux-ppc64le"]
exclude-newer = "7d"
[activation]
scripts = ["set.sh"]
env = {A = "b: c", B = "$X"}
[tasks]
run = "python x.py"
[system-requirements]
cuda = "12"
[dependencies]
python = "3.12.*"
numpy = ">=1.2, <3"
scipy = {version = "*", channel = "bioconda"}
torch = {version = "2.*", build = "cuda*"}
own = {path = "../own"}
[pypi-dependencies]
rich = "*"
httpx = {version = ">=0.27", extras = ["http2"]}
mine = {path = ".", editable = true}
lib = {path = "libs/lib"}
gone = {git = "https://example.org/x"}
whl = {url = "https://example.org/whl-1.0-py3-none-any.whl"}
[pypi-options]
extra-index-urls = ["https://example.org/simple"]
no-build-isolation = ["x"]
[target.linux-64.dependencies]
mkl = "*"
[target.unix.pypi-dependencies]
uvloop = ">=0.2"
[target.linux-ppc64le.dependencies]
odd = "*"
[feature.test.dependencies]
pytest = "*"
[feature.test]
platforms = ["linux-64"]
[environments]
test = ["test"]
alone = {features = ["test"], no-default-feature = true}
"../up" = ["test"]
"""
    )
    files, left = converted(strata)
    assert sorted(files) == ["environment-test.yml", "environment.yml"]
    assert files["environment.yml"] == {
        "name": "mine",
        "channels": ["conda-forge", "bioconda"],
        "platforms": ["linux-64", "win-64"],
        "exclude-newer": "7d",
        "dependencies": [
            "python 3.12.*",
            "numpy >=1.2,<3",
            "bioconda::scipy",
            "torch 2.* cuda*",
            "mkl",
            "pip",
            {
                "pip": [
                    "rich",
                    "httpx[http2]>=0.27",
                    "-e .",
                    "-e ./libs/lib",
                    "whl @ https://example.org/whl-1.0-py3-none-any.whl",
                    "uvloop>=0.2",
                    "--extra-index-url https://example.org/simple",
                ]
            },
        ],
        "variables": {"A": "b: c", "B": "$X"},
    }
    shown = strata("convert").stdout
    assert "  - mkl  # [linux64]" in shown
    assert "      - uvloop>=0.2  # [unix]" in shown
    said = "\n".join(left)
    for word in (
        "platform 'linux-ppc64le'",
        "holds credentials",
        "own: path",
        "gone: git",
        "no-build-isolation",
        "tasks",
        "system-requirements",
        "activation scripts",
        "target 'linux-ppc64le'",
        "platforms of the feature 'test'",
        "'no-default-feature' of 'alone'",
        "the environment '../up'",
    ):
        assert word in said, word
    assert "secret" not in said + shown


def test_pixi_in_pyproject(strata: Strata, project: Path) -> None:
    (project / "pyproject.toml").write_text(
        "[project]\nname = 'mine'\nversion = '1'\ndependencies = ['rich']\n"
        "[tool.pixi.workspace]\nchannels = ['bioconda']\nplatforms = ['osx-arm64']\n"
        "[tool.pixi.dependencies]\nsamtools = '*'\npython = '3.12.*'\n"
    )
    files, _ = converted(strata)
    dependencies = files["environment.yml"]["dependencies"]
    assert dependencies == ["samtools", "python 3.12.*", "pip", {"pip": ["-e ."]}]
    assert files["environment.yml"]["channels"] == ["bioconda"]


@pytest.mark.parametrize("form", ["conda-lock", "pixi"])
def test_locks(strata: Strata, project: Path, channel: HandMadeChannel, form: str) -> None:
    text = f"channels: [{channel.url}]\nplatforms: [linux-64]\n"
    (project / "environment.yml").write_text(f"{text}dependencies: [frames, tool, python]\n")
    assert strata("lock").returncode == 0
    name = "conda-lock.yml" if form == "conda-lock" else "pixi.lock"
    if form == "conda-lock":
        assert strata("export", "--format", form, "--output", name).returncode == 0
        (project / "strata.lock").unlink()
    else:
        (project / "strata.lock").rename(project / name)
    (project / "environment.yml").unlink()
    files, left = converted(strata, name)
    assert files["environment.yml"] == {
        "channels": [channel.url],
        "platforms": ["linux-64"],
        "dependencies": ["frames =1.0", "python =3.11.5", "tool =1.0"],
    }
    assert "what was asked for is not in a lock" in "\n".join(left)
    assert strata("convert", name, "--write").returncode == 0
    assert strata("lock").returncode == 0


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("pyproject.toml", "[build-system]\n", 2, "has no dependencies"),
        ("pyproject.toml", "[project\n", 3, "not TOML"),
        ("pixi.toml", "a = " + "[" * 5000, 3, "not TOML"),
        ("pixi.toml", "[workspace]\nname = 3\nchannels = 'x'\n[dependencies]\na = 1\n", 0, ""),
        ("pyproject.toml", "project = 3\n[dependency-groups]\na = [1, {b = 2}]\n", 0, ""),
        ("pixi.toml", '[dependencies]\n"a\\u001b[2J" = "*"\n', 0, "control character"),
        ("setup.py", "raise SystemExit\n", 2, "none of the files"),
        ("conda-lock.yml", "version: 1\nmetadata: 3\npackage: 4\n", 3, "conda-lock.yml"),
        ("requirements.txt", None, 3, "does not exist"),
        ("conda.yml", "dependencies: [a]\n", 3, "Name it environment.yml; 'strata lock' then"),
    ],
)
def test_odd_files_end_in_one_message(
    strata: Strata, project: Path, name: str, text: str | None, code: int, said: str
) -> None:
    if text is not None:
        (project / name).write_text(text)
    done = strata("convert", name)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_nothing_to_convert(strata: Strata) -> None:
    refused = strata("convert")
    assert refused.returncode == 2
    assert "no requirements.txt, pyproject.toml, pixi.toml or conda-lock.yml here" in refused.stderr
