"""Requirements files, constraints, indexes, hashes and your own code in a ``pip:`` list."""

# ruff: noqa: F811 - the fixtures of test_pip are used here too
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import HandMadeChannel, Strata
from tests.solve.test_pip import channel, index, locked, write  # noqa: F401 - fixtures
from tests.support import python_index


@pytest.fixture(autouse=True)
def _index(index: python_index.PythonIndex) -> python_index.PythonIndex:
    return index


@pytest.fixture
def other(tmp_path: Path) -> Iterator[python_index.PythonIndex]:
    """A second index, which has a package that the first has not."""
    folder = tmp_path / "other"
    folder.mkdir()
    with python_index.serving(folder) as found:
        found.add("special", "1.0")
        yield found


def test_requirements_files_are_read(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
) -> None:
    (project / "more").mkdir()
    (project / "requirements.txt").write_text(
        "# what pip needs\n-r more/charts.txt\nfast \\\n  ==1.0  # pinned\n-c limits.txt\n", "utf-8"
    )
    (project / "more/charts.txt").write_text("\ufeffcharts\r\n-r ../requirements.txt\n", "utf-8")
    (project / "limits.txt").write_text("charts<2\ncolors<9\nabsent<1\n")
    write(project, channel, ["-r requirements.txt"])
    assert strata("lock").returncode == 0
    assert sorted(locked(project)) == [
        "charts-1.0-py3-none-any.whl",
        "colors-2.0-py3-none-any.whl",
        next(name for name in locked(project) if name.startswith("fast-1.0-")),
    ]
    assert strata("check").returncode == 0
    (project / "limits.txt").write_text("charts<2\ncolors<2\n")
    checked = strata("check")
    assert checked.returncode == 1
    assert "limits.txt:2: 'colors<2' (pip) is locked as 2.0" in checked.stdout
    (project / "requirements.txt").write_text("rich=13\n")
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: requirements.txt:1: 'rich=13' is no requirement" in refused.stderr
    assert "write 'rich==13'" in refused.stderr


@pytest.mark.parametrize("line", ["-r nowhere.txt", "--requirement=nowhere.txt", "-rnowhere.txt"])
def test_missing_file_is_named(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    line: str,
) -> None:
    write(project, channel, [line])
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:7: nowhere.txt does not exist" in refused.stderr


@pytest.mark.parametrize("option", ["--extra-index-url {}", "--index-url={}", "-i {}"])
def test_index_options(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    other: python_index.PythonIndex,
    option: str,
) -> None:
    write(project, channel, [option.format(other.url), "special"])
    assert strata("lock").returncode == 0
    assert "special-1.0-py3-none-any.whl" in locked(project)
    checked = strata("check")
    assert checked.returncode == 0
    assert "neither PyPI's nor that of an index" not in checked.stderr


def test_indexes_are_in_the_lock(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    other: python_index.PythonIndex,
) -> None:
    for line, indexes in (
        (f"--index-url {other.url}/", [f"{other.url}/"]),
        (f"--extra-index-url {other.url}", ["https://pypi.org/simple", other.url]),
    ):
        write(project, channel, [line, "special"])
        assert strata("lock").returncode == 0
        content = yaml.safe_load((project / "strata.lock").read_text())
        assert content["environments"]["default"]["indexes"] == indexes
        assert strata("check").returncode == 0
        assert strata("lock").stderr.endswith("strata.lock is up to date\n")
    exported = strata("export", "--format", "environment", "--platform", "linux-64")
    assert f"--extra-index-url {other.url}" in exported.stdout
    assert "pypi.org" not in exported.stdout
    write(project, channel, ["special"])
    checked = strata("check")
    assert checked.returncode == 1
    assert "the indexes of the 'pip:' lists are https://pypi.org/simple, the lock has" in (
        checked.stdout
    )


def test_find_links(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    other: python_index.PythonIndex,
) -> None:
    write(project, channel, [f"--find-links {other.url}/special/", "special"])
    assert strata("lock").returncode == 0
    write(project, channel, ["--find-links ./wheels", "special"])
    refused = strata("lock")
    assert refused.returncode == 3
    assert "names a folder, whose wheels only this machine has" in refused.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-i https://me:s3cret@example.org/simple", "holds credentials"),
        ("--extra-index-url https://${TOKEN}@example.org/simple", "credentials"),
        ("--extra-index-url https://${HOST}/simple", "holds a variable"),
        ("--index-url http://example.org/simple", "is not encrypted"),
        ("--trusted-host example.org", "--trusted-host is not supported"),
        ("--no-binary :all:", "--no-binary is not supported"),
        ("--frobnicate", "--frobnicate is not supported"),
        ("-e git+https://example.org/x#egg=thing", "thing does not come from a wheel"),
        ("git+https://example.org/x@v1", "this does not come from a wheel"),
        ("https://example.org/x-1.0.tar.gz", "an archive of sources"),
        ("x @ https://example.org/main.zip", "add the line 'build: [x]'"),
        ("https://example.org/main.tar.gz", "an archive of sources without a name"),
        (f"git+https://github.com/me/x.git@{'a1' * 20}", f"x/archive/{'a1' * 20}.tar.gz', which"),
        ("./dist/x-1.0-py3-none-any.whl", "a file that only this machine has"),
        ("conda-forge::rich", "move it out of the 'pip:' list"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_with_a_way(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    line: str,
    said: str,
) -> None:
    write(project, channel, [f"'{line}'"])
    refused = strata("lock")
    assert refused.returncode == 3
    assert "error: environment.yml:7: " in refused.stderr
    assert said in refused.stderr
    assert "s3cret" not in refused.stderr


def test_url_of_a_wheel_needs_no_name(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    other: python_index.PythonIndex,
) -> None:
    wheel = "special-1.0-py3-none-any.whl"
    url = f"{other.url.removesuffix('/simple')}/{wheel}"
    write(project, channel, [url])
    assert strata("lock").returncode == 0
    known = hashlib.sha256((other.folder / wheel).read_bytes()).hexdigest()
    assert locked(project)[wheel]["sha256"] == known
    assert strata("check").returncode == 0
    write(project, channel, [f"'{url}#sha256={'0' * 64}'"])
    (project / "strata.lock").unlink()
    strata("lock")
    refused = strata("install")
    assert refused.returncode == 6
    assert "SHA-256" in refused.stderr


def test_hashes_are_compared(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
    index: python_index.PythonIndex,
) -> None:
    wheel = index.folder / "colors-1.0-py3-none-any.whl"
    known = hashlib.sha256(wheel.read_bytes()).hexdigest()
    write(project, channel, ["-r requirements.txt"])
    for sums, code in ((f"{'0' * 64} --hash=sha256:{known}", 0), ("0" * 64, 3)):
        text = f"colors==1.0 \\\n    --hash=sha256:{sums}\n"
        (project / "requirements.txt").write_text(text)
        (project / "strata.lock").unlink(missing_ok=True)
        done = strata("lock")
        assert done.returncode == code
    assert known in done.stderr


def test_your_own_code_is_left_out_and_its_requirements_are_locked(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
) -> None:
    (project / "pyproject.toml").write_text(
        "[project]\nname = 'mine'\nversion = '1'\ndependencies = ['charts<2']\n"
        "[project.optional-dependencies]\ndev = ['fast']\n"
    )
    for line in ("-e .", ".", "-e .[dev]", "./", "mine @ file:."):
        write(project, channel, [f"'{line}'"])
        done = strata("lock")
        assert done.returncode == 0, line
        assert "environment.yml:7: your own code is not locked" in done.stderr
        names = {name.split("-")[0] for name in locked(project)}
        assert names == {"charts", "colors"} | ({"fast"} if "dev" in line else set())
        assert strata("check").returncode == 0


def test_your_own_code_that_tells_nothing(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
) -> None:
    (project / "setup.py").write_text("raise SystemExit('never run')\n")
    write(project, channel, ["-e .", "colors"])
    done = strata("lock")
    assert done.returncode == 0
    assert "what it requires is not known: list that here" in done.stderr


def test_selector_behind_pip_holds_for_the_whole_list(
    strata: Strata,
    project: Path,
    channel: HandMadeChannel,
) -> None:
    write(project, channel, ["charts", "fast  # [linux]"], "linux-64, win-64")
    file = project / "environment.yml"
    file.write_text(file.read_text().replace("- pip:", "- pip:  # [win]"))
    assert strata("lock").returncode == 0
    content = (project / "strata.lock").read_text()
    linux, _, windows = content.partition("win-64:")
    assert "charts" not in linux.partition("environments:")[2]
    assert "charts-2.0" in windows
    assert "fast" not in content
    assert strata("check").returncode == 0
