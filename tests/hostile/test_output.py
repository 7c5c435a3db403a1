"""What comes from outside is shown as text: it never steers a terminal or GitHub's runner."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.conftest import Strata
from tests.support.lock_files import Packages, Pip, write_lock
from tests.support.terminal import Terminal

COMMANDS = {"error", "warning", "add-mask", "stop-commands", "set-output", "group"}

TEXTS = {
    "clear screen": "\x1b[2J",
    "bell": "\x07",
    "null": "\x00",
    "carriage return": "\rerror: all is well",
    "delete": "\x7f",
    "C1 control": "\x9b31m",
    "right to left": "\u202egnp.exe",
    "isolate": "\u2066x\u2069",
    "mark": "\u200f",
    "no width": "\u200b",
    "byte order mark": "\ufeff",
    "filler": "\u3164",
    "selector": "\ufe0f",
    "tag": "\U000e0041",
    "line separator": "\u2028",
    "half a character": "\ud83d",
    "command": "\n::error::no",
    "indented command": "\n\t ::stop-commands::no",
    "old command": "##[error]no",
    "hidden command": "\n\u200b::add-mask::no",
    "split command": "#\ufe0f#[error]no",
}

WHOLE = [kind for kind in TEXTS if kind != "half a character"]
"""Those that YAML in a lock can hold."""


def commands_in(text: str) -> list[str]:
    """Find what GitHub's runner obeys, by the rules of its ``ActionCommand.cs``."""
    found = []
    for line in text.split("\n"):
        new = line.lstrip()
        if new.startswith("::") and new[2:].partition("::")[0].split(" ")[0] in COMMANDS:
            found.append(line)
        old = line.partition("##[")[2].partition("]")
        if old[1] and old[0].split(" ")[0] in COMMANDS:
            found.append(line)
    return found


def is_harmless(text: str) -> bool:
    invisible = {"\u3164", "\ufe0f"}
    shown = all(c.isprintable() or c == "\n" for c in text.replace("\t", ""))
    return shown and not invisible & set(text) and not commands_in(text)


def in_environment(place: Callable[[str], object]) -> Callable[[Path, str], None]:
    def write(project: Path, text: str) -> None:
        content = place(text)
        (project / "environment.yml").write_text(yaml.safe_dump(content), "utf-8")

    return write


GOOD = {"channels": ["file:///no/channel"], "platforms": ["linux-64"], "dependencies": ["a"]}


def in_lock(**place: Callable[[str], object]) -> Callable[[Path, str], None]:
    """Write the lock with a text at one place of its first or second package, or at the top."""

    def write(project: Path, text: str) -> None:
        (project / "environment.yml").unlink()
        packages: Packages = ["a-1.0-0", Pip("w-1.0")]
        path = project / "strata.lock"
        write_lock(path, {"default": {"linux-64": packages}})
        lock = yaml.safe_load(path.read_text())
        for name, value in place.items():
            changed = value(text)
            if name == "environment":
                lock["environments"][changed] = lock["environments"].pop("default")
            elif name == "channel":
                lock["environments"]["default"]["channels"] = [{"url": changed}]
            elif name == "version":
                lock["packages"][1]["version"] = changed
            elif name == "wheel":
                lock["packages"][1]["name"] = changed
            elif name == "pypi":
                lock["packages"][1]["pypi"] = changed
                lock["environments"]["default"]["packages"]["linux-64"][1]["pypi"] = changed
            else:
                lock["packages"][0][name] = changed
        path.write_text(yaml.safe_dump(lock), "utf-8")
        write_lock(project / "old.lock", {"default": {"linux-64": []}})

    return write


def url(text: str) -> str:
    return f"https://h.example/{text}/w-1.0-py3-none-any.whl"


LOCAL = ("--platform", "linux-64")
PLACES: dict[str, tuple[Callable[[Path, str], None], tuple[str, ...]]] = {
    "key of environment.yml": (in_environment(lambda t: GOOD | {t: 1}), ("lock",)),
    "dependency": (in_environment(lambda t: GOOD | {"dependencies": [t]}), ("lock",)),
    "requirement": (
        in_environment(lambda t: GOOD | {"dependencies": ["python", {"pip": [t]}]}),
        ("lock",),
    ),
    "channel": (in_environment(lambda t: GOOD | {"channels": [t]}), ("lock",)),
    "platform": (in_environment(lambda t: GOOD | {"platforms": [t]}), ("lock",)),
    "cut-off": (in_environment(lambda t: GOOD | {"exclude-newer": t}), ("lock",)),
    "variable": (in_environment(lambda t: GOOD | {"variables": {t: "x"}}), ("lock",)),
    "environment, in diff": (in_lock(environment=str), ("diff", "old.lock", "strata.lock")),
    "channel, in diff": (in_lock(channel=url), ("diff", "old.lock", "strata.lock")),
    "channel, in markdown": (
        in_lock(channel=url),
        ("diff", "old.lock", "strata.lock", "--format", "markdown"),
    ),
    "channel, in install": (in_lock(channel=url), ("install", *LOCAL)),
    "environment, in plan": (in_lock(environment=str), ("plan", *LOCAL)),
    "version, in plan": (in_lock(version=lambda t: f"1.0+{t}"), ("plan", *LOCAL)),
    "name, in plan": (in_lock(wheel=str), ("plan", *LOCAL)),
    "name, in size": (in_lock(wheel=str), ("size", *LOCAL)),
    "URL, in install": (in_lock(pypi=lambda t: f"./{t}"), ("install", *LOCAL)),
    "site-packages, in layers": (
        in_lock(python_site_packages_path=str),
        ("layers", "--out", "out", *LOCAL),
    ),
    "wheel, in an export": (
        in_lock(wheel=str),
        ("export", "--format", "explicit", *LOCAL),
    ),
}


ALL = ("environment, in diff", "key of environment.yml")
SOME = ("clear screen", "right to left", "indented command", "split command")
CASES = [(k, p) for p in PLACES for k in (TEXTS if p in ALL else SOME)]


@pytest.mark.parametrize(("kind", "place"), CASES)
def test_nothing_is_obeyed(strata: Strata, project: Path, kind: str, place: str) -> None:
    write, words = PLACES[place]
    write(project, f"nearly{TEXTS[kind]}done")
    done = strata(*words, "-v", GITHUB_ACTIONS="true")
    shown = done.stdout + done.stderr
    assert done.returncode in {0, 1, 2, 3, 6}
    half = kind == "half a character" and ("not a lock" in shown or "damaged" in shown)
    refused = "control character" in shown or "is one line of text" in shown
    split = (kind, place) == ("split command", "dependency")
    assert "nearly" in shown or refused or half or split
    assert "UnicodeEncodeError" not in shown
    assert is_harmless(shown)


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if kind != "null"])
def test_a_file_gets_text_too(strata: Strata, project: Path, kind: str) -> None:
    text = f"nearly{TEXTS[kind]}done"
    in_lock(environment=str)(project, text)
    words = ("--format", "environment", "--output", "file", "--env", text, *LOCAL)
    done = strata("export", *words)
    assert done.returncode == 0, done.stderr
    text = (project / "file").read_text("utf-8")
    assert "nearly" in text
    assert all(c.isprintable() or c == "\n" for c in text)


@pytest.mark.parametrize("kind", WHOLE)
def test_json_stays_json(strata: Strata, project: Path, kind: str) -> None:
    """What is read from it is what the lock holds."""
    text = f"nearly{TEXTS[kind]}done"
    in_lock(environment=str)(project, text)
    done = strata("diff", "old.lock", "strata.lock", "--json", GITHUB_ACTIONS="true")
    assert done.stdout.isascii()
    assert is_harmless(done.stdout)
    [added] = json.loads(done.stdout)["environments"]["added"]
    assert added == text


@contextmanager
def refusing(text: str) -> Iterator[str]:
    """Be a registry that refuses everything with *text*, and yield its address."""
    body = json.dumps({"errors": [{"code": "DENIED", "message": text}]}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", TEXTS)
def test_a_server_is_not_obeyed(strata: Strata, project: Path, kind: str) -> None:
    (project / "Dockerfile").write_text("FROM scratch\n")
    in_lock()(project, "")
    with refusing(f"nearly{TEXTS[kind]}done") as address:
        words = ("key", "--input", "Dockerfile", "--base", f"{address}/team/base:1")
        done = strata(*words, "-v", GITHUB_ACTIONS="true")
    assert done.returncode == 6
    assert "nearly" in done.stderr
    assert is_harmless(done.stderr)


@pytest.mark.parametrize("kind", SOME)
def test_a_verdict_may_be_broken_into_lines(strata: Strata, project: Path, kind: str) -> None:
    """Words of a text come to stand at the start of a line, where they fit in no other way."""
    text = f"nearly {'x' * 50} {TEXTS[kind].strip()}"
    in_environment(lambda t: GOOD | {"platforms": [t]})(project, text)
    done = strata("doctor", "--offline", GITHUB_ACTIONS="true", COLUMNS="60")
    assert "nearly" in done.stdout or "control character" in " ".join(done.stdout.split())
    assert is_harmless(done.stdout)


def test_words_of_the_command_line(strata: Strata) -> None:
    done = strata("plan", "--no\x1b[2J\n::error::no", GITHUB_ACTIONS="true")
    assert done.returncode == 2
    assert "--no\\x1b[2J\\n::error::no" in done.stderr
    assert is_harmless(done.stderr)


def test_elsewhere_colons_are_only_colons(strata: Strata, project: Path) -> None:
    in_lock(environment=str)(project, "a##[error]b")
    words = ("diff", "old.lock", "strata.lock")
    assert "a##[error]b" in strata(*words, GITHUB_ACTIONS="").stdout
    assert "a\\x23#[error]b" in strata(*words, GITHUB_ACTIONS="true").stdout


def test_what_is_drawn_on_a_terminal(project: Path) -> None:
    """A platform is solved behind a spinner, which prints the warnings."""
    in_environment(lambda t: GOOD | {t: 1})(project, "nearly\x1b[31m[red]\x07\u202edone")
    words = [sys.executable, "-m", "conda_strata", "layers", "--out", "out", "--lock", "no\x1b[31m"]
    with Terminal([*words, *LOCAL], project, {}) as terminal:
        assert terminal.finish() == 6
    screen = "".join(terminal.screen.splitlines())
    assert "nearly\\x1b[31m[red]\\x07\\u202edone" in screen
    assert "no no\\x1b[31m here: solving linux-64" in terminal.raw
    assert "\x1b[31m" not in terminal.raw
    assert not {"\x07", "\u202e"} & set(terminal.raw)


def test_a_terminal_of_few_letters(strata: Strata, project: Path) -> None:
    (project / "environment.yml").write_text("dependencies: [→]\nchannels: [file:///no]\n", "utf-8")
    done = strata("lock", PYTHONIOENCODING="ascii")
    assert done.returncode in {3, 6}
    assert "\\u2192" in done.stderr


def test_half_a_character_in_json(strata: Strata, project: Path) -> None:
    """Not every reader of JSON takes one."""
    in_environment(lambda t: GOOD | {"dependencies": [f"python={t}"]})(project, "1\ud83d")
    write_lock(project / "strata.lock", {"default": {"linux-64": []}})
    done = strata("check", "--json")
    assert done.returncode in {1, 3}
    json.loads(done.stdout or "{}", strict=True)
    assert not [c for c in str(json.loads(done.stdout or "{}")) if "\ud800" <= c <= "\udfff"]
