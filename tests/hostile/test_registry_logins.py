"""Which login a registry gets, of all those that are kept, and who gives tokens for it."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from conda_strata.core.errors import NetworkError, UsageError
from conda_strata.registry import credentials
from conda_strata.registry.documents import MANIFEST, Descriptor
from conda_strata.registry.reference import Reference
from conda_strata.registry.repository import Repository
from tests.conftest import Strata
from tests.support.registry_server import LAYER, Registry, Reply, Request, digest_of

from .conftest import SECRET

pytestmark = pytest.mark.usefixtures("home")


def auth(words: str) -> dict[str, str]:
    return {"auth": base64.b64encode(words.encode()).decode()}


def keep(file: Path, **said: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(said))
    return file


def found(image: str) -> str:
    login = credentials.find(Reference.parse(image))
    return f"{login.user}:{login.password}:{login.identity}" if login else ""


HUB = "https://index.docker.io/v1/"
KEPT = [
    ("r.io/a/b", {"r.io": auth("me:pw")}, "me:pw:"),
    ("R.io/a/b", {"r.io": auth("me:pw")}, "me:pw:"),
    ("r.io/a/b", {"https://r.io": auth("me:pw")}, "me:pw:"),
    ("r.io/a/b", {"https://r.io/v2/": auth("me:pw")}, "me:pw:"),
    ("r.io/a/b", {"r.io": auth("me:p:w")}, "me:p:w:"),
    ("r.io/a/b", {"r.io": {"username": "me", "password": "pw"}}, "me:pw:"),
    ("r.io/a/b", {"r.io": {**auth("me:"), "identitytoken": "id"}}, "me::id"),
    ("r.io/a/b", {"r.io": {}}, ""),
    ("r.io/a/b", {"r.io": {"auth": ""}}, ""),
    ("r.io/a/b", {"r.io": auth("me")}, ""),
    ("r.io/a/b", {"r.io": auth("me:pw"), "r.io/a": auth("part:pw")}, "part:pw:"),
    ("r.io/ab/b", {"r.io": auth("me:pw"), "r.io/a": auth("part:pw")}, "me:pw:"),
    ("r.io:5000/a/b", {"r.io": auth("me:pw")}, ""),
    ("r.io/a/b", {"r.io:5000": auth("me:pw")}, ""),
    ("r.io/a/b", {"evil.r.io": auth("me:pw"), "r.io.evil": auth("me:pw")}, ""),
    ("r.io/a/b", {"https://r.io@evil.io": auth("me:pw")}, ""),
    ("r.io/a/b", {"ftp://r.io": auth("me:pw")}, ""),
    ("r.io/a/b", {HUB: auth("hub:pw")}, ""),
    ("debian", {HUB: auth("hub:pw")}, "hub:pw:"),
    ("me/app:1", {HUB: auth("hub:pw")}, "hub:pw:"),
    ("docker.io/me/app", {HUB: auth("hub:pw")}, "hub:pw:"),
    ("me/app", {"docker.io": auth("podman:pw")}, "podman:pw:"),
    ("me/app", {"docker.io/me": auth("part:pw"), HUB: auth("hub:pw")}, "part:pw:"),
]


@pytest.mark.parametrize(("image", "auths", "login"), KEPT)
def test_what_is_kept(home: Path, image: str, auths: dict[str, Any], login: str) -> None:
    keep(home / ".docker/config.json", auths=auths)
    assert found(image) == login


def test_one_configuration_of_docker_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home / ".docker/config.json", auths={"r.io": auth("home:pw"), "s.io": auth("home:pw")})
    monkeypatch.setenv("DOCKER_CONFIG", str(home / "own"))
    assert found("r.io/a") == ""
    keep(home / "own/config.json", auths={"r.io": auth("own:pw")})
    assert found("r.io/a") == "own:pw:"
    assert found("s.io/a") == ""


def test_after_docker_podman_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home / ".config/containers/auth.json", auths={"r.io": auth("home:pw")})
    assert found("r.io/a") == "home:pw:"
    named = keep(home / "auth.json", auths={"r.io": auth("named:pw")})
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(named))
    assert found("r.io/a") == "named:pw:"
    keep(home / ".docker/config.json", auths={"r.io": auth("docker:pw")})
    assert found("r.io/a") == "docker:pw:"


def test_podman_keeps_logins_in_one_of_three_places(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is named, alone; else that of the session, before that of the home folder."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    keep(home / ".config/containers/auth.json", auths={"r.io": auth("other:pw")})
    assert found("r.io/a") == ""
    keep(home / "xdg/containers/auth.json", auths={"r.io": auth("config:pw")})
    assert found("r.io/a") == "config:pw:"
    keep(home / "run/containers/auth.json", auths={"r.io": auth("session:pw")})
    assert found("r.io/a") == "session:pw:"
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(home / "none"))
    assert found("r.io/a") == ""


def test_a_configuration_that_cannot_be_read_is_named(home: Path) -> None:
    (home / ".docker/config.json").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"config.json: Is a directory") as caught:
        found("r.io/a")
    assert caught.value.fix.startswith("Make it readable")
    (home / ".docker/config.json").rmdir()
    (home / ".docker").rmdir()
    (home / ".docker").write_text("a file in the place of the folder")
    assert found("r.io/a") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        pytest.param("[" * 100_000, id="nested"),
        '{"auths": {}} {}',
        '{"auths": ["r.io"]}',
        '{"auths": {"r.io": ["x"]}}',
        '{"auths": {"r.io": {"auth": 5}}}',
        '{"auths": {"r.io": {"auth": "ä"}}}',
        '{"auths": {"r.io": {"auth": "////"}}}',
        '{"auths": {"r.io": {"identitytoken": 5}}}',
        '{"credHelpers": ["r.io"]}',
    ],
)
def test_a_spoiled_configuration_is_named(home: Path, text: str) -> None:
    file = home / ".docker/config.json"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        found("r.io/a")
    assert str(file) in caught.value.what


@pytest.fixture
def helper(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH for programs that keep logins."""
    folder = home / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def write(helper: Path, name: str, script: str) -> None:
    file = helper / f"docker-credential-{name}"
    file.write_text(f"#!/bin/sh\nread url\n{script}\n")
    file.chmod(0o755)


ANSWER = """echo '{"ServerURL": "'$url'", "Username": "of-'$1-$url'", "Secret": "pw"}'"""


def test_helpers(home: Path, helper: Path) -> None:
    write(helper, "one", ANSWER)
    write(helper, "two", ANSWER.replace("of-", "two-"))
    keep(
        home / ".docker/config.json",
        credsStore="one",
        credHelpers={"r.io": "two", HUB: "two", "none.io": ""},
        auths={"r.io": {}, "none.io": auth("plain:pw")},
    )
    assert found("s.io/a") == "of-get-s.io:pw:"
    assert found("r.io/a") == "two-get-r.io:pw:"
    assert found("debian") == f"two-get-{HUB}:pw:"
    assert found("none.io/a") == "plain:pw:"


def test_identity_token_of_a_helper(home: Path, helper: Path) -> None:
    write(helper, "one", """echo '{"Username": "<token>", "Secret": "id"}'""")
    keep(home / ".docker/config.json", credsStore="one")
    assert found("r.io/a") == "::id"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo credentials not found in native keychain; exit 1", ""),
        ("echo null", "the answer is no login"),
        ("echo []", "the answer is no login"),
        ("echo '{}'", "the answer is no login"),
        ("echo '{'", "the answer is no login"),
        ("head -c 100000 /dev/zero | tr '\\0' '['", "the answer is no login"),
        ("exec sleep 60", "no answer in 1 s"),
    ],
)
def test_helpers_that_have_none(
    home: Path,
    helper: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    script: str,
    told: str,
) -> None:
    """What is public can be had all the same, and a login that is kept besides is used."""
    monkeypatch.setenv("STRATA_TIMEOUT", "1")
    write(helper, "one", script)
    keep(home / ".docker/config.json", credsStore="one", auths={"s.io": auth("me:pw")})
    assert found("r.io/a") == ""
    assert found("s.io/a") == "me:pw:"
    assert told in caplog.text
    assert bool(caplog.records) == bool(told)


@pytest.mark.parametrize("name", ["missing", "../bin/one", "a/b", "a b", "a\n"])
def test_helpers_that_are_none(
    home: Path, helper: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    write(helper, "one", ANSWER)
    keep(home / ".docker/config.json", credsStore=name)
    assert found("r.io/a") == ""
    said = "does not run" if name == "missing" else "cannot be the name of a program"
    assert [said in record.getMessage() for record in caplog.records] == [True]


# What goes to whom.


def repository(registry: Registry, name: str = "team/app") -> Repository:
    return Repository(f"{registry.address}/{name}")


class Realm:
    """Gives tokens for a registry, each good for what it was asked for, and for *uses* requests."""

    def __init__(self, registry: Registry, server: Registry, *, uses: int = 1000) -> None:
        self.uses, self.given = uses, dict[str, list[str]]()
        self.left: dict[str, int] = {}
        self._url, self._lock = server.url, threading.Lock()
        registry.rule, server.rule = self.guard, self.give

    def give(self, request: Request) -> Reply:
        query = request.query
        if request.method == "POST":
            query = parse_qs(request.body.decode())
            assert query["grant_type"] == ["refresh_token"]
            assert query["refresh_token"] == ["id"]
        elif request.authorization != SECRET:
            return Reply(401)
        with self._lock:
            token = f"t{len(self.given)}"
            self.given[token], self.left[token] = query["scope"], self.uses
        return Reply(200, json.dumps({"token": token}).encode())

    def guard(self, request: Request) -> Reply | None:
        token = request.authorization.removeprefix("Bearer ")
        with self._lock:
            left = self.left.get(token, 0)
            self.left[token] = left - 1
        writes = request.method in {"POST", "PUT"}
        if left > 0 and (not writes or any(s.endswith("push") for s in self.given[token])):
            return None
        how = f'Bearer realm="{self._url}/token",service="registry"'
        return Reply(401, headers={"WWW-Authenticate": how})


@pytest.mark.usefixtures("logged_in")
def test_tokens_are_for_what_is_asked(registry_server: Registry, other: Registry) -> None:
    realm = Realm(registry_server, other)
    digest = registry_server.add(b"layer")
    registry_server.blobs[digest] = b"layer"
    app = repository(registry_server)
    app.get("none")
    app.get("none")
    app.put({"mediaType": MANIFEST}, "tag")
    app.put({"mediaType": MANIFEST}, "tag")
    first = digest_of(b"first")
    app.copy(Descriptor(LAYER, digest, 5), repository(registry_server, "team/base"))
    assert not app.has(first)
    own, base = "repository:team/app:pull", "repository:team/base:pull"
    assert list(realm.given.values()) == [[own], [f"{own},push"]]
    registry_server.rule = lambda request: (
        Reply(404) if request.method == "HEAD" else realm.guard(request)
    )
    app.copy(Descriptor(LAYER, digest, 5), repository(registry_server, "team/base"))
    assert list(realm.given.values())[2:] == [[f"{own},push", base]]
    mounted = registry_server.asked[-1]
    assert mounted.query == {"mount": [digest], "from": ["team/base"]}
    assert all(a == SECRET for a in other.authorizations)
    assert SECRET not in registry_server.authorizations


@pytest.mark.usefixtures("logged_in")
def test_a_token_that_is_over_is_renewed_once(registry_server: Registry, other: Registry) -> None:
    realm = Realm(registry_server, other, uses=2)
    app = repository(registry_server)
    for _ in range(5):
        app.get("none")
    assert len(realm.given) == 3
    realm.uses = 0
    count = len(registry_server.asked)
    with pytest.raises(NetworkError, match="GET 401"):
        repository(registry_server).get("none")
    assert len(registry_server.asked) == count + 2


@pytest.mark.usefixtures("logged_in")
def test_many_at_once_share_a_token(registry_server: Registry, other: Registry) -> None:
    realm = Realm(registry_server, other)
    app = repository(registry_server)
    threads = [threading.Thread(target=app.get, args=("none",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(realm.given) == 1


def test_identity_tokens_are_exchanged(
    registry_server: Registry, other: Registry, home: Path
) -> None:
    """As Azure's program leaves it."""
    entry = {**auth("00000000-0000-0000-0000-000000000000:"), "identitytoken": "id"}
    keep(home / ".docker/config.json", auths={registry_server.address: entry})
    realm = Realm(registry_server, other)
    assert repository(registry_server).get("none") is None
    assert list(realm.given.values()) == [["repository:team/app:pull"]]
    assert [(r.method, r.authorization) for r in other.asked] == [("POST", "")]
    other.rule = lambda _r: Reply(307, headers={"Location": f"{registry_server.url}/token"})
    count = len(registry_server.asked)
    with pytest.raises(NetworkError, match="307"):
        repository(registry_server).get("none")
    assert len(registry_server.asked) == count + 1


@pytest.mark.usefixtures("logged_in")
def test_a_realm_that_sends_elsewhere_shows_no_login(
    registry_server: Registry, other: Registry
) -> None:
    how = {"WWW-Authenticate": f'Bearer realm="{registry_server.url}/token"'}

    def rule(request: Request) -> Reply:
        if request.path == "/token":
            return Reply(302, headers={"Location": f"{other.url}/token"})
        return Reply(401, headers=how)

    registry_server.rule = rule
    other.rule = lambda _request: Reply(200, b'{"token": "x"}')
    with pytest.raises(NetworkError):
        repository(registry_server).get("none")
    assert other.authorizations == [""]


@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Bearer realm="URL/token"'])
@pytest.mark.usefixtures("logged_in")
def test_who_is_not_logged_in_there_shows_nothing(
    registry_server: Registry, other: Registry, challenge: str
) -> None:
    """The login of one registry is not for another, and neither is ~/.netrc."""
    how = {"WWW-Authenticate": challenge.replace("URL", other.url)}
    other.rule = lambda _request: Reply(401, headers=how)
    with pytest.raises(NetworkError) as caught:
        repository(other).get("none")
    assert caught.value.what == f"{other.address}/team/app: the registry wants a login"
    assert f"docker login {other.address}" in caught.value.fix
    assert set(other.authorizations) == {""}
    assert registry_server.asked == []


@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="x"',
        "basic",
        'BASIC realm=x, charset="UTF-8"',
        'Negotiate, Basic realm="a, Bearer b"',
        'Digest nonce="a=b", realm=x, Basic realm=y',
    ],
)
@pytest.mark.usefixtures("logged_in")
def test_basic_among_others(registry_server: Registry, challenge: str) -> None:
    how = {"WWW-Authenticate": challenge}
    registry_server.rule = lambda r: None if r.authorization == SECRET else Reply(401, headers=how)
    assert repository(registry_server).get("none") is None
    assert registry_server.authorizations == ["", SECRET]


@pytest.mark.usefixtures("logged_in")
def test_a_wrong_login_is_tried_once(registry_server: Registry) -> None:
    registry_server.rule = lambda _r: Reply(401, headers={"WWW-Authenticate": "Basic"})
    with pytest.raises(NetworkError, match="GET 401") as caught:
        repository(registry_server).get("none")
    assert f"docker login {registry_server.address}" in caught.value.fix
    assert registry_server.authorizations == ["", SECRET]


@pytest.mark.usefixtures("logged_in")
def test_a_proxy_does_not_see_what_is_said_on_this_machine(
    registry_server: Registry, other: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, other.url)
    registry_server.rule = lambda r: (
        None if r.authorization else Reply(401, headers={"WWW-Authenticate": "Basic"})
    )
    assert repository(registry_server).get("none") is None
    assert other.asked == []


def test_push_with_a_base_elsewhere(
    strata: Strata, registry_server: Registry, other: Registry, logged_in: Path
) -> None:
    """The base's registry wants a login too, and learns nothing of the target's."""
    strata("lock")
    other.rule = lambda _r: Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    target, base = f"{registry_server.address}/team/app:1", f"{other.address}/team/base:1"
    done = strata("push", target, "--base", base, HOME=str(logged_in))
    assert done.returncode == 6
    assert f"docker login {other.address}" in done.stderr
    assert set(other.authorizations) == {""}
    other.rule = lambda _request: None
    other.add_image("1")
    registry_server.rule = lambda r: (
        None if r.authorization == SECRET else Reply(401, headers={"WWW-Authenticate": "Basic"})
    )
    done = strata("push", target, "--base", base, HOME=str(logged_in))
    assert done.returncode == 0, done.stderr
    assert set(other.authorizations) == {""}
    assert "1" in registry_server.manifests
