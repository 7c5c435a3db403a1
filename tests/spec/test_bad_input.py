"""Each mistake gets one message, its exit code, no traceback, and leaves the files alone."""

from __future__ import annotations

import functools
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import HandMadeChannel, Strata, write_environment

COMMANDS = [
    ("check",),
    ("install",),
    ("plan",),
    ("key", "--input", "environment.yml"),
    ("layers", "--out", "out", "--locked"),
]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param("dependencies:\n  - [", 3, "environment.yml:2: not YAML", id="not-yaml"),
        pytest.param("dependencies:\n - a\n\t- b\n", 3, "environment.yml:3: not YAML", id="tab"),
        pytest.param("- numpy\n", 3, "environment.yml:1: an environment file is a map", id="list"),
        pytest.param("", 3, "environment.yml:1: an environment file is a map", id="empty"),
        pytest.param("dependencies: numpy\n", 3, "environment.yml:1: 'dependencies'", id="text"),
        pytest.param(
            "dependencies:\n  - numpy ==\n", 3, "environment.yml:2: 'numpy =='", id="bad-spec"
        ),
        pytest.param(
            "dependencies:\n  - npm:\n    - x\n", 3, "environment.yml:2: 'npm' cannot", id="npm"
        ),
        pytest.param(
            "dependencies:\n  - pip:\n    - x @ git+https://example.org/x\n",
            3,
            "environment.yml:3: x does not come from a wheel",
            id="git",
        ),
        pytest.param(
            "dependencies:\n  - a  # [linus]\n",
            3,
            "environment.yml:2: 'linus' is no",
            id="selector",
        ),
        pytest.param("variables: [a]\n", 3, "environment.yml:1: 'variables' is a", id="variables"),
        pytest.param("variables:\n  a-b: x\n", 3, "environment.yml:2: 'a-b' is no", id="variable"),
        pytest.param(
            "channels: [http://example.org/c]\n", 3, "environment.yml:1: http://ex", id="plain-http"
        ),
        pytest.param(
            "dependencies:\n  - http://example.org/c::x\n",
            3,
            "environment.yml:2: http",
            id="http-spec",
        ),
        pytest.param(
            "dependencies: []\ndependencies: []\n", 3, "environment.yml:2: 'dep", id="twice"
        ),
        pytest.param("platforms: [linux-65]\n", 3, "environment.yml:1: unknown pl", id="platform"),
        pytest.param("name: caf\xe9\n", 3, "environment.yml cannot be read", id="latin-1"),
    ],
)
def test_manifest(strata: Strata, project: Path, text: str, code: int, said: str) -> None:
    strata("lock")
    (project / "environment.yml").write_bytes(text.encode("latin-1"))
    before = snapshot(project)
    for command in (("lock",), ("check",)):
        refused = strata(*command)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert refused.stderr.startswith(f"error: {said}")
        assert "Traceback" not in refused.stderr
    assert snapshot(project) == before


@pytest.mark.parametrize(
    "url",
    ["https://me:s3cret@example.org/c", "https://example.org/t/s3cret/c"],
    ids=["password", "token"],
)
@pytest.mark.parametrize("text", ["channels: [{}]\n", "dependencies:\n  - {}::x\n"])
def test_credentials_are_refused_and_not_shown(
    strata: Strata, project: Path, url: str, text: str
) -> None:
    (project / "environment.yml").write_text(text.format(url))
    for command in (("lock",), ("check",), ("lock", "--json")):
        refused = strata(*command)
        assert refused.returncode == 3
        assert "a channel's URL holds credentials" in refused.stderr
        assert "s3cret" not in refused.stdout + refused.stderr


def test_plain_http_can_be_allowed(strata: Strata, project: Path) -> None:
    (project / "environment.yml").write_text("channels: [http://channel.invalid/c]\n")
    assert strata("check", STRATA_ALLOW_HTTP="1").returncode == 1


def test_unknown_key_is_a_warning_with_its_line(strata: Strata, project: Path) -> None:
    with (project / "environment.yml").open("a") as file:
        file.write("prefix: /somewhere\n")
    locked = strata("lock")
    assert locked.returncode == 0
    assert "warning: environment.yml:5: 'prefix' is not used by strata" in locked.stderr


def test_unsatisfiable(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    strata("lock")
    write_environment(project, channel, ["frames", "numbers >99"])
    before = snapshot(project)
    refused = strata("lock")
    assert refused.returncode == 4
    assert "numbers >99" in refused.stderr
    assert "environment.yml:5: numbers >99" in refused.stderr
    assert snapshot(project) == before


def test_unknown_channel(strata: Strata, project: Path) -> None:
    strata("lock")
    text = "channels: [file:///no/such/channel]\nplatforms: [linux-64]\ndependencies: [frames]\n"
    (project / "environment.yml").write_text(text)
    before = snapshot(project)
    refused = strata("lock")
    assert refused.returncode == 6
    assert "/no/such/channel" in refused.stderr
    assert snapshot(project) == before


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_missing_lock(strata: Strata, project: Path, command: tuple[str, ...]) -> None:
    refused = strata(*command)
    assert refused.returncode == 1
    assert refused.stderr == "error: strata.lock is missing\n  Run 'strata lock' to make it.\n"
    assert [p.name for p in project.iterdir()] == ["environment.yml"]


@pytest.mark.parametrize("command", [("install",), ("layers", "--out", "out")], ids=lambda c: c[0])
def test_out_of_date_lock(
    strata: Strata, project: Path, channel: HandMadeChannel, command: tuple[str, ...]
) -> None:
    strata("lock")
    write_environment(project, channel, ["frames", "tool"])
    refused = strata(*command)
    assert refused.returncode == 1
    assert "environment.yml:5: 'tool' is not locked for linux-64" in refused.stderr
    assert "Run 'strata lock'" in refused.stderr
    assert sorted(p.name for p in project.iterdir()) == ["environment.yml", "strata.lock"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_broken_lock(strata: Strata, project: Path, command: tuple[str, ...]) -> None:
    (project / "strata.lock").write_text("version: 7\nwhat: [")
    refused = strata(*command)
    assert refused.returncode == 3
    assert refused.stderr.startswith("error: strata.lock:3: this is damaged: it is no YAML")


def test_wrong_platform_and_environment(strata: Strata) -> None:
    strata("lock")
    assert strata("plan", "--platform", "win-64").returncode == 5
    assert strata("install", "--platform", "osx-arm64").returncode == 5
    assert strata("plan", "--env", "nope").returncode == 2
    assert strata("plan", "--platform", "amiga").returncode == 2


def test_no_manifest(strata: Strata, project: Path) -> None:
    (project / "environment.yml").unlink()
    refused = strata("lock")
    assert (refused.returncode, "no environment.yml here" in refused.stderr) == (2, True)


def test_package_replaced_on_the_channel(
    strata: Strata, project: Path, tmp_path: Path, channel: HandMadeChannel
) -> None:
    """A download that is not what the lock says is refused."""
    copied = tmp_path / "channel"
    shutil.copytree(channel.folder, copied)
    handler = functools.partial(QuietHandler, directory=str(copied))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        text = (project / "environment.yml").read_text()
        served = f"http://127.0.0.1:{server.server_port}"
        (project / "environment.yml").write_text(text.replace(channel.url, served))
        assert strata("lock").returncode == 0
        (package,) = copied.rglob("numbers-2.0-h0_0.tar.bz2")
        (other,) = copied.rglob("numbers-1.0-h0_0.tar.bz2")
        shutil.copy(other, package)
        refused = strata("install")
        server.shutdown()
    assert refused.returncode == 6
    assert "numbers" in refused.stderr
    assert "Traceback" not in refused.stderr


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing."""
