"""The action ``reports``: what the tests of a pull request left is shown and kept, or refused."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from tests.actions.conftest import Script
from tests.support.page import shown

GITHUBS_LIMIT = 2**20
"""Bytes that one step may write into its summary."""

JUNIT = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" tests="5">
<testcase classname="tests.test_model" name="test_fit" time="2.500" />
<testcase classname="tests.test_model" name="test_fast" time="0.001" />
<testcase classname="tests.test_load" name="test_rows[a|b]" time="0.250">
<failure message="AssertionError: assert 1 == 2&#10;  where">def test_rows(): ...</failure></testcase>
<testcase classname="tests.test_load" name="test_file" time="0.010">
<error message="failed on setup">no such fixture</error></testcase>
<testcase classname="tests.test_gpu" name="test_gpu" time="0.000">
<skipped type="pytest.skip" message="no GPU here">test_gpu.py:3</skipped></testcase>
</testsuite></testsuites>
"""


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures/map.svg").write_text("<svg/>")
    return folder


def summary(script: Script, reports: Path, text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    (reports / "tests.xml").write_bytes(data)
    done = script("reports/summary.py", "reports/tests.xml")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_failed_comes_first(script: Script, reports: Path) -> None:
    page = shown(summary(script, reports, JUNIT))
    assert "1 failed, 1 errors, 1 skipped, 2 passed in 2.8 s." in page.words
    assert page.words.split("message")[1].split() == [
        "tests.test_load::test_rows[a|b]",
        "failed",
        "0.2",
        "AssertionError:",
        "assert",
        "1",
        "==",
        "2",
        "where",
        "tests.test_load::test_file",
        "error",
        "0.0",
        "failed",
        "on",
        "setup",
        "tests.test_model::test_fit",
        "passed",
        "2.5",
        "tests.test_model::test_fast",
        "passed",
        "0.0",
        "tests.test_gpu::test_gpu",
        "skipped",
        "0.0",
        "no",
        "GPU",
        "here",
    ]


HOSTILE = "x|`<img src=y onerror=z>[a](http://evil)</code></table>\n\n# **@team** `` \\| &lt; www.evil.com"


def test_names_and_messages_stay_text(script: Script, reports: Path) -> None:
    case = (
        f"<testcase name={quoteattr(HOSTILE)} classname={quoteattr(HOSTILE)} time='1e999'>"
        f"<failure message={quoteattr(HOSTILE)}/></testcase>"
    )
    written = summary(script, reports, f"<testsuite>{case}</testsuite>")
    page = shown(written)
    assert page.tags == {
        "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "strong"
    }  # fmt: skip
    assert page.attributes <= {"style"}
    assert " ".join(HOSTILE.split()) in page.words
    assert {line.count("|") for line in written.splitlines()} == {0, 5}
    for spelled in ("@team", "http:", "www.", "\\"):
        assert spelled not in written, "GitHub makes a link or a mention of it"


def test_the_screen_is_not_steered(script: Script, reports: Path) -> None:
    """Neither does text run from right to left where it should not."""
    case = "<testcase name='a\u202eb\u0085c\u2066d' classname='' time='0'/>"
    written = summary(script, reports, f"<testsuite>{case}</testsuite>")
    assert not {"\u202e", "\u2066", "\u0085"} & set(written)


def test_the_summary_is_short(script: Script, reports: Path) -> None:
    case = f'<testcase name="{"&#124;" * 5_000}" classname="c" time="0">'
    many = f"{case}<failure message='{'&amp;' * 5_000}'/></testcase>" * 300
    written = summary(script, reports, f"<testsuite>{many}</testsuite>")
    assert len(written.encode()) < GITHUBS_LIMIT / 2
    assert "300 failed" in written
    assert "200 more tests are not listed." in written


def nested() -> str:
    return "<a>" * 100_000


LAUGHS = """\
<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;" classname="" time="0"/></testsuite>
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no element found"),
        ("<testsuite><testcase", "unclosed token"),
        ("\0\1", "not well-formed"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "unknown encoding"),
        (nested(), "nested too deep"),
        (LAUGHS, "document type"),
        (" " * 20_000_001, "larger than 20 MB"),
    ],
    ids=["empty", "cut", "binary", "encoding", "nested", "entities", "large"],
)
def test_what_is_no_result_is_said(script: Script, reports: Path, text: str, reason: str) -> None:
    assert reason in shown(summary(script, reports, text)).words


def test_without_results(script: Script, tmp_path: Path) -> None:
    done = script("reports/summary.py", "reports/tests.xml")
    assert done.returncode == 0
    assert "There is no reports/tests.xml." in done.stdout
    assert script("reports/folder.py", "reports").returncode == 0
    assert not list(tmp_path.iterdir())


def test_files_and_folders_are_kept(script: Script, reports: Path) -> None:
    done = script("reports/folder.py", str(reports))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _link(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


def _socket(path: Path) -> None:
    os.chdir(path.parent)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 10**13)


def _many(path: Path) -> None:
    path.mkdir()
    for number in range(10_001):
        (path / str(number)).touch()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_link, "x' is a link"),
        (os.mkfifo, "x' is a pipe"),
        (_socket, "x' is a socket"),
        (_sparse, "larger than 2 GB"),
        (_many, "more than 10,000 entries"),
    ],
    ids=["link", "pipe", "socket", "sparse", "many"],
)
def test_anything_else_is_refused(
    script: Script,
    reports: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
    reason: str,
) -> None:
    monkeypatch.chdir(reports)
    make(reports / "figures" / "x")
    done = script("reports/folder.py", "reports")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("::error title=Nothing of the reports is kept::")
    assert reason in done.stdout


def test_a_name_is_no_command_to_the_runner(script: Script, reports: Path) -> None:
    (reports / "a\n::add-mask::b").symlink_to("/etc/passwd")
    done = script("reports/folder.py", "reports")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1


def test_a_link_in_its_place_is_refused(script: Script, tmp_path: Path) -> None:
    (tmp_path / "reports").symlink_to("/etc")
    done = script("reports/folder.py", "reports")
    assert (done.returncode, "is a link" in done.stdout) == (1, True)
