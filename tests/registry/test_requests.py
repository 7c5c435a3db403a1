"""Requests to a registry: what names a document, what is tried again, and how much may come back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import NetworkError, UsageError
from conda_strata.registry import documents
from conda_strata.registry.client import Client
from conda_strata.registry.documents import (
    CONFIG,
    DEPTH,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEX,
    LIMIT,
    MANIFEST,
    Descriptor,
)
from conda_strata.registry.reference import Origin, Reference
from conda_strata.registry.repository import Repository
from conda_strata.registry.transport import REDIRECTS, Answer
from tests.support.registry_server import Registry, Reply, Request, digest_of, serving

SCOPES = ("repository:team/app:pull",)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_TIMEOUT", "5")
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    with serving() as found:
        yield found


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("conda_strata.registry.client.time.sleep", found.append)
    return found


def repository(registry: Registry, name: str = "team/app:tag") -> Repository:
    return Repository(f"{registry.address}/{name}")


def asked_of(registry: Registry) -> Client:
    return Client(Reference.parse(f"{registry.address}/team/app"), "team/app")


def get(registry: Registry, **more: Any) -> Answer:
    return asked_of(registry).request("GET", f"{registry.url}/v2/x", SCOPES, **more)


# Documents and what names them.


def test_a_document_is_written_in_one_way() -> None:
    assert documents.encode({"b": [1, {"d": 1, "c": "ü"}], "a": None}) == (
        b'{"a":null,"b":[1,{"c":"\\u00fc","d":1}]}'
    )
    assert documents.digest_of(b"{}") == digest_of(b"{}")


@pytest.mark.parametrize("data", ["{}", "[1]", '"x"', "1", "null"])
def test_json_is_read(data: str) -> None:
    assert documents.parse(data.encode()) == json.loads(data)


@pytest.mark.parametrize("data", ["NaN", "[Infinity]", "-Infinity", "{", "", "[" * 100_000])
def test_what_is_no_json_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        documents.parse(data.encode())


@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_a_document_is_as_deep_as_it_may_be_and_no_deeper(start: str, end: str) -> None:
    levels = DEPTH // (start.count("[") + start.count("{"))
    fits = start * levels + "1" + end * levels
    assert documents.parse(fits.encode())
    with pytest.raises(ValueError, match="too deep"):
        documents.parse((start * (levels + 1) + "1" + end * (levels + 1)).encode())


GOOD = {"mediaType": CONFIG, "digest": digest_of(b""), "size": 0}


def test_a_descriptor_comes_back() -> None:
    assert Descriptor.of({**GOOD, "more": 1}) == Descriptor(CONFIG, digest_of(b""), 0)
    assert Descriptor.of(GOOD).as_json == GOOD


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        *({k: v for k, v in GOOD.items() if k != name} for name in GOOD),
        {**GOOD, "size": -1},
        {**GOOD, "size": True},
        {**GOOD, "size": "1"},
        {**GOOD, "size": 1.0},
        {**GOOD, "mediaType": 1},
        {**GOOD, "digest": digest_of(b"").upper()},
        {**GOOD, "digest": digest_of(b"") + "0"},
        {**GOOD, "digest": digest_of(b"")[:-1]},
        {**GOOD, "digest": "x" + digest_of(b"")},
        {**GOOD, "digest": digest_of(b"") + "\n"},
        {**GOOD, "digest": digest_of(b"").replace("sha256", "sha512")},
    ],
    ids=str,
)
def test_what_is_no_descriptor_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="in a descriptor"):
        Descriptor.of(said)


NAMES = {
    "debian": ("registry-1.docker.io", "library/debian", "latest", ""),
    "debian:12": ("registry-1.docker.io", "library/debian", "12", ""),
    "owner/x": ("registry-1.docker.io", "owner/x", "latest", ""),
    "docker.io/owner/x": ("registry-1.docker.io", "owner/x", "latest", ""),
    "index.docker.io/owner/x:1": ("registry-1.docker.io", "owner/x", "1", ""),
    "GHCR.io/a/b/c:v1.0-x_y": ("ghcr.io", "a/b/c", "v1.0-x_y", ""),
    "localhost/a": ("localhost", "a", "latest", ""),
    "localhosts/a": ("registry-1.docker.io", "localhosts/a", "latest", ""),
    "host:5000/a": ("host:5000", "a", "latest", ""),
    "[::1]:5000/a": ("[::1]:5000", "a", "latest", ""),
    f"ghcr.io/a@{digest_of(b'')}": ("ghcr.io", "a", "latest", digest_of(b"")),
    f"ghcr.io/a:1@{digest_of(b'')}": ("ghcr.io", "a", "1", digest_of(b"")),
}


@pytest.mark.parametrize(("name", "parts"), NAMES.items(), ids=NAMES)
def test_names_are_completed_as_docker_does(name: str, parts: tuple[str, ...]) -> None:
    found = Reference.parse(name)
    assert (found.host, found.path, found.tag, found.digest) == parts
    assert Repository(name).tag == (parts[3] or parts[2])
    assert Repository(name).name == f"{parts[0]}/{parts[1]}"


@pytest.mark.parametrize(
    "name",
    ["", "a b", "ghcr.io/", "ghcr.io/a:", "ghcr.io/a@sha256:1", "a//b", "-a", "ghcr.io/a:1:2"],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no image"):
        Reference.parse(name)


def test_where_a_registry_answers() -> None:
    assert Reference.parse("ghcr.io/a/b").url("x") == "https://ghcr.io/v2/a/b/x"
    assert Reference.parse("127.0.0.1:5000/a").url("x") == "http://127.0.0.1:5000/v2/a/x"
    assert Reference.parse("ghcr.io/a").origin == Origin("https", "ghcr.io", 443)
    assert Reference.parse("localhost/a").origin == Origin("http", "localhost", 80)
    assert Origin.of("HTTPS://Host:8443/x") == Origin("https", "host", 8443)
    assert Origin.of("https://h") != Origin.of("http://h")


# What is read and written.


def test_a_manifest_is_asked_for_in_all_its_kinds(registry: Registry) -> None:
    registry.put("tag", b'{"a":1}')
    found = repository(registry).get("tag")
    assert found is not None
    assert (found.content, found.digest, found.size) == ({"a": 1}, digest_of(b'{"a":1}'), 7)
    assert found.media_type == MANIFEST
    (asked,) = registry.asked
    assert asked.path == "/v2/team/app/manifests/tag"
    accepted = asked.headers["accept"].split(", ")
    assert accepted == [INDEX, MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST]
    assert repository(registry).get("none") is None


def test_the_kind_of_a_manifest_is_what_the_registry_says(registry: Registry) -> None:
    kind = {"Content-Type": f"{DOCKER_INDEX}; charset=utf-8"}
    registry.rule = lambda _request: Reply(200, b"{}", kind)
    found = repository(registry).get("tag")
    assert found is not None
    assert found.media_type == DOCKER_INDEX
    registry.rule = lambda _request: Reply(200, b"{}")
    found = repository(registry).get("tag")
    assert found is not None
    assert found.media_type == MANIFEST


@pytest.mark.parametrize("reference", [None, "tag"])
def test_a_manifest_is_written_as_its_bytes_are(registry: Registry, reference: str | None) -> None:
    content = {"mediaType": INDEX, "b": 1, "a": 2}
    home = repository(registry)
    first = home.put(content, reference)
    data = documents.encode(content)
    assert registry.manifests[reference or digest_of(data)] == data
    assert (first.digest, first.size, first.media_type) == (digest_of(data), len(data), INDEX)
    assert registry.asked[-1].headers["content-type"] == INDEX
    spaced = json.dumps(content).encode()
    assert home.put(spaced, reference).digest == digest_of(spaced)
    assert registry.manifests[digest_of(spaced)] == spaced


def test_the_head_alone_is_asked_for(registry: Registry) -> None:
    registry.put("tag", b"{}")
    assert repository(registry).ask() == 200
    assert repository(registry, "team/app:none").ask() == 404
    assert {r.method for r in registry.asked} == {"HEAD"}
    assert {r.path.rpartition("/")[2] for r in registry.asked} == {"tag", "none"}
    named = repository(registry, f"team/app@{digest_of(b'{}')}")
    assert named.ask() == 200


@pytest.mark.parametrize("code", [401, 403, 503])
def test_who_asks_is_told_what_who_gives_tokens_says(registry: Registry, code: int) -> None:
    def rule(request: Request) -> Reply:
        if request.path == "/token":
            return Reply(code)
        challenge = f'Bearer realm="{registry.url}/token"'
        return Reply(401, headers={"WWW-Authenticate": challenge})

    registry.rule = rule
    assert repository(registry).ask() == code
    assert [r.path for r in registry.asked] == ["/v2/team/app/manifests/tag", "/token"]


def test_a_blob_is_there_with_its_size(registry: Registry) -> None:
    home, digest = repository(registry), registry.add(b"data")
    assert home.has(digest)
    assert not home.has(digest_of(b"none"))
    assert home.holds(Descriptor("x", digest, 4))
    assert not home.holds(Descriptor("x", digest, 5))
    assert not home.holds(Descriptor("x", digest_of(b"none"), 4))
    assert home.blob(Descriptor("x", digest, 4)) == b"data"
    for wanted in (Descriptor("x", digest, 5), Descriptor("x", digest_of(b"none1"), 4)):
        with pytest.raises(NetworkError):
            home.blob(wanted)


def test_a_file_is_uploaded_in_blocks_and_once(registry: Registry, tmp_path: Path) -> None:
    data = os.urandom((2 << 20) + 5)
    file = tmp_path / "file"
    file.write_bytes(data)
    home = repository(registry)
    home.upload(file, digest_of(data))
    assert registry.blobs == {digest_of(data): data}
    (sent,) = [r for r in registry.asked if r.method == "PUT"]
    assert sent.query == {"state": ["x="], "digest": [digest_of(data)]}
    assert sent.headers["content-length"] == str(len(data))
    assert sent.headers["content-type"] == "application/octet-stream"
    home.upload(file, digest_of(data))
    assert len([r for r in registry.asked if r.method == "PUT"]) == 1


def test_an_upload_goes_on_where_it_is_told_to(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")

    def rule(request: Request) -> Reply | None:
        return Reply(202, headers={"Location": "/here"}) if request.method == "POST" else None

    registry.rule = rule
    repository(registry).upload(tmp_path / "file", digest_of(b"x"))
    assert registry.asked[-1].target == f"/here?digest={digest_of(b'x')}"


def test_a_download_is_compared_and_replaces_what_was_there(
    registry: Registry, tmp_path: Path
) -> None:
    registry.add(b"data")
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"longer than that")
        repository(registry).download(Descriptor("x", digest_of(b"data"), 4), file)
    assert (tmp_path / "file").read_bytes() == b"data"
    for wanted in (Descriptor("x", digest_of(b"data"), 5), Descriptor("x", digest_of(b"data"), 3)):
        with (tmp_path / "file").open("w+b") as file, pytest.raises(NetworkError):
            repository(registry).download(wanted, file)


def test_nothing_is_copied_to_where_it_is(registry: Registry) -> None:
    digest = registry.add(b"data")
    home = repository(registry)
    home.copy(Descriptor("x", digest, 4), repository(registry, "team/app:other"))
    assert not registry.asked
    home.copy(Descriptor("x", digest, 4), repository(registry, "team/base"))
    assert [r.method for r in registry.asked] == ["HEAD"]


def test_what_cannot_be_mounted_is_copied(registry: Registry) -> None:
    digest = digest_of(b"data")

    def rule(request: Request) -> Reply | None:
        return Reply(200, b"data") if request.method == "GET" and "/base/" in request.path else None

    registry.rule = rule
    repository(registry).copy(Descriptor("x", digest, 4), repository(registry, "team/base"))
    assert registry.blobs == {digest: b"data"}


@pytest.mark.parametrize("code", [400, 403, 404, 405, 415, 501])
def test_what_may_not_be_mounted_is_copied(registry: Registry, code: int) -> None:
    digest = digest_of(b"data")

    def rule(request: Request) -> Reply | None:
        if request.method == "GET" and "/base/" in request.path:
            return Reply(200, b"data")
        return Reply(code) if "mount=" in request.target else None

    registry.rule = rule
    repository(registry).copy(Descriptor("x", digest, 4), repository(registry, "team/base"))
    assert registry.blobs == {digest: b"data"}


@pytest.mark.parametrize(("layer", "fix"), [("+zstd", "gzip"), ("+gzip", "formats")])
@pytest.mark.parametrize("code", [400, 415])
def test_a_manifest_that_is_refused(registry: Registry, code: int, layer: str, fix: str) -> None:
    errors = {"errors": [{"code": "MANIFEST_INVALID", "message": "unknown media type"}]}
    registry.rule = lambda _request: Reply(code, json.dumps(errors).encode())
    layers = [{"mediaType": f"application/vnd.oci.image.layer.v1.tar{layer}"}]
    with pytest.raises(NetworkError, match=f"PUT {code} unknown media type") as refused:
        repository(registry).put({"mediaType": MANIFEST, "layers": layers})
    assert fix in refused.value.fix


def test_a_blob_that_is_too_large_for_a_proxy(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    registry.rule = lambda request: Reply(413) if request.method == "PUT" else None
    with pytest.raises(NetworkError, match="PUT 413") as refused:
        repository(registry).upload(tmp_path / "file", digest_of(b"x"))
    assert "Raise the size" in refused.value.fix


# What is tried again.


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_three_times_more(
    registry: Registry, slept: list[float], code: int
) -> None:
    registry.rule = lambda _request: Reply(code)
    with pytest.raises(NetworkError, match=f"GET {code}"):
        get(registry)
    assert (len(registry.asked), slept) == (4, [0.5, 1.0, 2.0])


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 416, 501, 505])
def test_what_does_not_pass_is_tried_once(
    registry: Registry, slept: list[float], code: int
) -> None:
    registry.rule = lambda _request: Reply(code)
    with pytest.raises(NetworkError):
        get(registry)
    assert (len(registry.asked), slept) == (1, [])


def test_it_goes_on_once_it_works(registry: Registry, slept: list[float]) -> None:
    answers = [Reply(503), Reply(200, b"body"), Reply(200)]
    registry.rule = lambda _request: answers.pop(0)
    assert get(registry).body == b"body"
    assert (len(answers), slept) == (1, [0.5])


def test_who_does_not_answer_is_asked_again(registry: Registry, slept: list[float]) -> None:
    with serving() as gone:
        pass
    with pytest.raises(NetworkError) as refused:
        Client(Reference.parse(f"{gone.address}/a"), "a").request("GET", f"{gone.url}/v2/", SCOPES)
    assert slept == [0.5, 1.0, 2.0]
    assert refused.value.what.startswith("a: Failed to establish a new connection: ")
    assert refused.value.fix.startswith("Check the network, the proxy and the name ")
    assert registry.asked == []


def test_a_host_that_has_no_address_is_told(slept: list[float]) -> None:
    client = Client(Reference.parse("registry.invalid/a"), "a")
    with pytest.raises(NetworkError) as refused:
        client.request("GET", "https://registry.invalid/v2/", SCOPES)
    assert refused.value.what.startswith("a: Failed to resolve 'registry.invalid' (")
    assert "registry.invalid" in refused.value.fix
    assert len(slept) == 3


@pytest.mark.parametrize(
    ("code", "fix"),
    [(401, "may do this: 'docker login "), (403, "docker login"), (404, "Check the name")],
)
def test_the_fix_fits_the_answer(registry: Registry, code: int, fix: str) -> None:
    registry.rule = lambda _request: Reply(code)
    with pytest.raises(NetworkError) as refused:
        get(registry)
    assert fix in refused.value.fix


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"errors":[{"code":"A","message":"no room"},{"code":"B"}]}', "GET 400 no room; B"),
        (b'{"errors":[{"code":"A","message":"a\\u001b[31m\\nb"}]}', "GET 400 a [31m b"),
        (b"<html>", "GET 400 Bad Request"),
        (b'{"errors":[{"code":"%s"}]}' % (b"x" * 301), f"GET 400 {'x' * 300}…"),
        (b'{"errors":[{"code":"%s"}]}' % (b"x" * 300), f"GET 400 {'x' * 300}"),
    ],
)
def test_the_registrys_words_are_told(registry: Registry, body: bytes, said: str) -> None:
    registry.rule = lambda _request: Reply(400, body)
    with pytest.raises(NetworkError) as refused:
        get(registry)
    assert refused.value.what == f"team/app: {said}"


def test_a_failure_can_be_an_answer(registry: Registry) -> None:
    registry.rule = lambda _request: Reply(404, b"x")
    assert get(registry, absent=(404,)).code == 404
    with pytest.raises(NetworkError):
        get(registry, absent=(405,))


# How much, and from where.


@pytest.mark.parametrize("limit", [10, 70_000])
def test_an_answer_has_as_many_bytes_as_it_may_and_no_more(
    registry: Registry, tmp_path: Path, limit: int
) -> None:
    registry.rule = lambda _request: Reply(200, b"x" * limit)
    assert get(registry, limit=limit).body == b"x" * limit
    with (tmp_path / "file").open("w+b") as file:
        assert get(registry, limit=limit, into=file).body == b""
        assert file.tell() == limit
        with pytest.raises(NetworkError, match="larger than"):
            get(registry, limit=limit - 1, into=file)
    with pytest.raises(NetworkError, match="larger than"):
        get(registry, limit=limit - 1)


def test_what_is_too_large_is_not_read_to_its_end(registry: Registry) -> None:
    registry.rule = lambda _request: Reply(200, b"x" * 100_000, promised=10**12)
    with pytest.raises(NetworkError, match="larger than"):
        get(registry, limit=10)
    assert len(registry.asked) == 1


def test_a_failure_is_not_written_to_the_file(registry: Registry, tmp_path: Path) -> None:
    registry.rule = lambda _request: Reply(404, b"x" * 100)
    with (tmp_path / "file").open("w+b") as file:
        assert len(get(registry, limit=10, into=file, absent=(404,)).body) == 100
        assert file.tell() == 0
    registry.rule = lambda _request: Reply(404, b"x" * (LIMIT + 1))
    with pytest.raises(NetworkError, match="larger than"):
        get(registry, absent=(404,))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_reading_is_sent_on_so_often_and_no_more(registry: Registry, code: int) -> None:
    def rule(request: Request) -> Reply:
        left = int(request.path.rpartition("/")[2])
        return Reply(code, headers={"Location": f"/to/{left - 1}"}) if left else Reply(200, b"end")

    registry.rule = rule
    asked = asked_of(registry)
    answer = asked.request("GET", f"{registry.url}/to/{REDIRECTS}", SCOPES)
    assert (answer.body, answer.url) == (b"end", f"{registry.url}/to/0")
    with pytest.raises(NetworkError, match="without an end"):
        asked.request("GET", f"{registry.url}/to/{REDIRECTS + 1}", SCOPES)
    assert asked.once("POST", f"{registry.url}/to/1", SCOPES).code == code
    assert asked.once("HEAD", f"{registry.url}/to/1", SCOPES).code == 200


def test_a_move_to_nowhere_is_the_answer(registry: Registry) -> None:
    registry.rule = lambda _request: Reply(302, b"x")
    assert asked_of(registry).once("GET", f"{registry.url}/", SCOPES).code == 302
    registry.rule = lambda _request: Reply(304, b"", {"Location": "/x"})
    assert asked_of(registry).once("GET", f"{registry.url}/", SCOPES).code == 304


@pytest.mark.parametrize(("code", "ok"), [(199, False), (200, True), (299, True), (300, False)])
def test_what_is_a_success(code: int, ok: bool) -> None:
    assert Answer(code, "", {}, b"", "").ok is ok


def test_nothing_is_asked_for_compressed(registry: Registry) -> None:
    registry.rule = lambda _request: Reply(200)
    get(registry, headers={"X": "y"})
    (asked,) = registry.asked
    assert (asked.headers["accept-encoding"], asked.headers["x"]) == ("identity", "y")


def test_no_cookie_comes_back(registry: Registry) -> None:
    registry.rule = lambda _request: Reply(200, headers={"Set-Cookie": "a=b"})
    asked = asked_of(registry)
    for _ in range(2):
        asked.request("GET", f"{registry.url}/v2/", SCOPES)
    assert "cookie" not in registry.asked[1].headers
