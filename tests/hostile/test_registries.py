"""Registries that answer with something else than what they were asked for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conda_strata.core.errors import NetworkError
from conda_strata.image import oci_image
from conda_strata.registry.documents import CONFIG, INDEX, MANIFEST, Descriptor
from conda_strata.registry.reference import Origin, Reference
from conda_strata.registry.repository import Repository
from conda_strata.registry.transport import Transport
from tests.conftest import Strata
from tests.support.registry_server import (
    LAYER,
    Registry,
    Reply,
    Request,
    config_of,
    described,
    digest_of,
)

from .conftest import SECRET

pytestmark = pytest.mark.usefixtures("home")

ASKED = digest_of(b"{}")
DEEP = b"[" * 100_000
NESTED = b'{"a":' * 100 + b"1" + b"}" * 100
HUGE = b'{"a":"' + b"a" * (4 << 20) + b'"}'
BOMB = Reply(200, gzip.compress(b" " * (64 << 20)), {"Content-Encoding": "gzip"})

NO_DOCUMENTS = {
    "null": b"null",
    "list": b"[1]",
    "text": b'"text"',
    "number": b"1",
    "long number": b"1" * 5000,
    "page": b"<html>",
    "bytes": b"\xff",
    "nothing": b"",
    "not a number": b'{"a": NaN}',
    "deep": DEEP,
    "nested": NESTED,
    "deep inside": b'{"a":' + DEEP,
}


def team(registry: Registry, name: str = "team/base:base") -> Repository:
    return Repository(f"{registry.address}/{name}")


def always(reply: Reply, *methods: str, part: str = "/v2/") -> Callable[[Request], Reply | None]:
    """Answer so whatever is asked, or what is asked by these methods and has *part* in its path."""

    def rule(request: Request) -> Reply | None:
        fits = (not methods or request.method in methods) and part in request.path
        return reply if fits else None

    return rule


def failed(strata: Strata, *words: str) -> str:
    """Run a command that fails for the registry's answer, and return the line that says so."""
    done = strata(*words)
    assert (done.returncode, done.stdout) == (6, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.isprintable() or set(filter(lambda c: not c.isprintable(), done.stderr)) == {
        "\n"
    }
    first, fix = done.stderr.splitlines()[-2:]
    assert first.startswith("error: ")
    assert fix.strip()
    return first


# What is no document.


@pytest.mark.parametrize(
    "body",
    [b"{}\n", json.dumps({"schemaVersion": 2, "layers": []}).encode(), b"null", b"[" * 50],
)
def test_another_manifest_than_the_digest_is_refused(
    registry_server: Registry, body: bytes
) -> None:
    registry_server.rule = always(Reply(200, body))
    with pytest.raises(NetworkError, match="answered with sha256:"):
        team(registry_server).get(ASKED)


def test_the_manifest_of_the_digest_is_taken(registry_server: Registry) -> None:
    registry_server.rule = always(Reply(200, b"{}"))
    found = team(registry_server).get(ASKED)
    assert found is not None
    assert found.digest == ASKED


@pytest.mark.parametrize("body", NO_DOCUMENTS.values(), ids=NO_DOCUMENTS)
def test_a_tag_that_is_no_manifest_is_refused(registry_server: Registry, body: bytes) -> None:
    registry_server.rule = always(Reply(200, body))
    with pytest.raises(NetworkError, match="is no manifest"):
        team(registry_server).get("latest")


@pytest.mark.parametrize("body", NO_DOCUMENTS.values(), ids=NO_DOCUMENTS)
def test_a_config_that_is_none_is_refused(registry_server: Registry, body: bytes) -> None:
    manifest = registry_server.add_image()
    manifest["config"] = described(registry_server.add(body), len(body), CONFIG)
    registry_server.put("base", manifest)
    with pytest.raises(NetworkError, match="is no image"):
        oci_image.find(team(registry_server), "base", "linux-64")


@pytest.mark.parametrize("reply", [Reply(200, HUGE), BOMB], ids=["plain", "compressed"])
def test_more_than_a_document_may_have_is_refused(registry_server: Registry, reply: Reply) -> None:
    registry_server.rule = always(reply)
    repository = team(registry_server)
    for ask in (
        lambda: repository.get("latest"),
        lambda: repository.blob(Descriptor(CONFIG, ASKED, 2)),
    ):
        with pytest.raises(NetworkError, match="larger than the 4,194,304 bytes"):
            ask()


@pytest.mark.parametrize("name", ["null", "list", "page", "deep", "nested", "not a number"])
def test_commands_say_so_in_one_line(strata: Strata, registry_server: Registry, name: str) -> None:
    registry_server.rule = always(Reply(200, NO_DOCUMENTS[name]))
    base = f"{registry_server.address}/team/base:base"
    strata("lock")
    Path("Dockerfile").touch()
    said = failed(strata, "push", f"{registry_server.address}/team/app:1", "--base", base)
    assert said.endswith("/team/base:base: the registry's answer is no manifest")
    assert said == failed(strata, "key", "--input", "Dockerfile", "--base", base)


# What is no image.


def image(change: Callable[[dict[str, Any]], object]) -> Callable[[Registry], object]:
    """Change a manifest."""

    def prepare(registry: Registry) -> object:
        manifest = registry.add_image()
        change(manifest)
        return manifest

    return prepare


def config(**changed: Any) -> Callable[[Registry], object]:
    def prepare(registry: Registry) -> object:
        data = json.dumps(config_of(**changed)).encode()
        made = described(registry.add(data), len(data), CONFIG)
        return registry.add_image() | {"config": made}

    return prepare


def layer(**changed: Any) -> Callable[[Registry], object]:
    return image(lambda manifest: manifest["layers"][0].update(changed))


def index(**changed: Any) -> Callable[[Registry], object]:
    """Put the image into an index that says something else of it."""

    def prepare(registry: Registry) -> object:
        manifest = json.dumps(registry.add_image()).encode()
        child = described(registry.put("child", manifest), len(manifest), MANIFEST)
        child["platform"] = {"os": "linux", "architecture": "amd64"}
        return {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**child, **changed}]}

    return prepare


def nested(registry: Registry) -> object:
    inner = json.dumps(index()(registry)).encode()
    return index(digest=registry.put("inner", inner), size=len(inner))(registry)


def both(registry: Registry) -> object:
    return {**registry.add_image(), **dict(index()(registry))}  # type: ignore[call-overload]


def either(registry: Registry) -> object:
    """One that is an image to some and an index to others: both are good."""
    manifest = registry.add_image()
    manifest["manifests"] = []
    data = json.dumps(manifest).encode()
    return index(digest=registry.put("either", data), size=len(data))(registry)


BAD_SIZES = {"no size": None, "text": "2", "below zero": -1, "truth": True, "part": 1.5}
BAD_DIGESTS: dict[str, object] = {
    "no digest": None,
    "number": 1,
    "list": [],
    "empty": "",
    "path": "sha256:../../../secret",
    "sha512": "sha512:" + "a" * 128,
    "md5": "md5:" + "a" * 32,
    "short": "sha256:" + "a" * 63,
    "upper case": "sha256:" + "A" * 64,
    "line": "sha256:" + "a" * 64 + "\n",
}
NO_IMAGES: dict[str, Callable[[Registry], object]] = {
    "empty": lambda _registry: {},
    "config null": image(lambda m: m.update(config=None)),
    "config list": image(lambda m: m.update(config=[])),
    "layers null": image(lambda m: m.update(layers=None)),
    "layers object": image(lambda m: m.update(layers={})),
    "layers of null": image(lambda m: m.update(layers=[None])),
    "layer too many": image(lambda m: m["layers"].append(m["layers"][0])),
    "no layers": image(lambda m: m.update(layers=[])),
    **{f"layer, {name}": layer(digest=value) for name, value in BAD_DIGESTS.items()},
    **{f"layer, {name}": layer(size=value) for name, value in BAD_SIZES.items()},
    "layer, type": layer(mediaType=None),
    "layer, type list": layer(mediaType=[]),
    "annotations list": layer(annotations=[1]),
    "annotations text": layer(annotations="x"),
    "claims": layer(annotations={oci_image.CLAIMS: "ä"}),
    "claims number": layer(annotations={oci_image.CLAIMS: 1}),
    "claims list": layer(annotations={oci_image.CLAIMS: [1]}),
    **{
        f"config, {name}": image(lambda m, value=value: m["config"].update(digest=value))  # type: ignore[misc]
        for name, value in BAD_DIGESTS.items()
    },
    **{
        f"config, {name}": image(lambda m, value=value: m["config"].update(size=value))  # type: ignore[misc]
        for name, value in BAD_SIZES.items()
    },
    "rootfs null": config(rootfs=None),
    "rootfs list": config(rootfs=[]),
    "diff_ids null": config(rootfs={"diff_ids": None}),
    "diff_ids text": config(rootfs={"diff_ids": "x"}),
    "diff_ids numbers": config(rootfs={"diff_ids": [1]}),
    "diff_ids object": config(rootfs={"diff_ids": {"a": 1}}),
    "history object": config(history={"a": 1}),
    "history text": config(history="text"),
    "settings list": config(config=[1]),
    "settings text": config(config="x"),
    "labels list": config(config={"Labels": [1]}),
    "variables number": config(config={"Env": 5}),
    "command text": config(config={"Cmd": "x"}),
    "manifests null": lambda _registry: {"manifests": None},
    "manifests number": lambda _registry: {"manifests": 1},
    "manifests of null": lambda _registry: {"manifests": [None]},
    "manifests of lists": lambda _registry: {"manifests": [[]]},
    "platform text": index(platform="linux/amd64"),
    **{f"child, {name}": index(digest=value) for name, value in BAD_DIGESTS.items()},
    **{f"child, {name}": index(size=value) for name, value in BAD_SIZES.items()},
    "index in index": nested,
    "both": both,
    "either": either,
}


@pytest.mark.parametrize("place", ["image", "base"])
def test_a_login_in_the_name_of_an_image_is_not_told(strata: Strata, place: str) -> None:
    strata("lock")
    names = {"image": "127.0.0.1:9/a/b:1", "base": "127.0.0.1:9/a/base:1"}
    names[place] = f"me:s3cret@{names[place]}"
    done = strata("push", names["image"], "--base", names["base"])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: this is no image\n")


@pytest.mark.parametrize("prepare", NO_IMAGES.values(), ids=NO_IMAGES)
def test_what_is_no_image_is_refused(
    registry_server: Registry, prepare: Callable[[Registry], object]
) -> None:
    registry_server.put("base", prepare(registry_server))
    with pytest.raises(oci_image.NoImageError, match="team/base:base is no image"):
        oci_image.find(team(registry_server), "base", "linux-64")


@pytest.mark.parametrize("prepare", [image(lambda _m: None), config(), index()])
def test_what_is_one_is_taken(
    registry_server: Registry, prepare: Callable[[Registry], object]
) -> None:
    """Otherwise nothing above would show anything."""
    registry_server.put("base", prepare(registry_server))
    found = oci_image.find(team(registry_server), "base", "linux-64")
    assert found is not None
    assert [one.descriptor["digest"] for one in found.layers] == [digest_of(b"layer")]


def test_null_is_as_good_as_nothing(registry_server: Registry) -> None:
    """Programs in Go write it for what is empty."""
    registry_server.put("base", config(history=None)(registry_server))
    found = oci_image.find(team(registry_server), "base", "linux-64")
    assert found is not None
    assert oci_image.append(found.config, [], {})["history"] == []
    registry_server.put("base", layer(annotations=None)(registry_server))
    found = oci_image.find(team(registry_server), "base", "linux-64")
    assert found is not None
    assert found.reusable == []


@pytest.mark.parametrize("name", ["layer, no digest", "config, path", "child, no size", "both"])
def test_a_base_that_is_no_image(strata: Strata, registry_server: Registry, name: str) -> None:
    registry_server.put("base", NO_IMAGES[name](registry_server))
    strata("lock")
    base = f"{registry_server.address}/team/base:base"
    said = failed(strata, "push", f"{registry_server.address}/team/app:1", "--base", base)
    assert said == f"error: {base} is no image"
    assert not any(asked.method in {"POST", "PUT"} for asked in registry_server.asked)


# What has another digest or size than it was asked by.


@pytest.mark.parametrize("size", [1, 10_000])
def test_child_of_another_size(registry_server: Registry, size: int) -> None:
    registry_server.put("base", index(size=size)(registry_server))
    with pytest.raises(NetworkError, match="the answer is damaged"):
        oci_image.find(team(registry_server), "base", "linux-64")


def test_child_of_another_digest(registry_server: Registry) -> None:
    registry_server.put("base", index()(registry_server))
    child = next(d for d in registry_server.manifests if d.startswith("sha256:"))
    registry_server.manifests[child] = json.dumps(registry_server.add_image("x")).encode() + b" "
    with pytest.raises(NetworkError, match="answered with sha256:"):
        oci_image.find(team(registry_server), "base", "linux-64")


DAMAGED = {
    "other": b"LAYER",
    "short": b"laye",
    "nothing": b"",
    "long": b"layer" * 1000,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_blobs(registry_server: Registry, other: Registry, data: bytes) -> None:
    wanted = Descriptor(LAYER, registry_server.add(b"layer"), 5)
    registry_server.blobs[wanted.digest] = data
    source, target = team(registry_server), team(other)
    with pytest.raises(NetworkError):
        source.blob(wanted)
    with pytest.raises(NetworkError):
        target.copy(wanted, source)
    assert not any(asked.method in {"POST", "PUT"} for asked in other.asked)
    assert other.blobs == {}


@pytest.mark.parametrize("size", [4, 6])
def test_blob_of_another_size(registry_server: Registry, other: Registry, size: int) -> None:
    wanted = Descriptor(LAYER, registry_server.add(b"layer"), size)
    with pytest.raises(NetworkError):
        team(registry_server).blob(wanted)
    with pytest.raises(NetworkError):
        team(other).copy(wanted, team(registry_server))
    assert other.blobs == {}


def test_a_good_blob_is_copied(registry_server: Registry, other: Registry) -> None:
    wanted = Descriptor(LAYER, registry_server.add(b"layer"), 5)
    team(other).copy(wanted, team(registry_server))
    assert other.blobs == {wanted.digest: b"layer"}
    (sent,) = (asked for asked in other.asked if asked.method == "PUT")
    assert sent.query == {"state": ["x="], "digest": [wanted.digest]}


def test_a_manifest_that_is_taken_for_another(registry_server: Registry) -> None:
    claimed = {"Docker-Content-Digest": ASKED}
    registry_server.rule = always(Reply(201, headers=claimed), "PUT")
    with pytest.raises(NetworkError, match="damaged"):
        team(registry_server).put({"mediaType": MANIFEST}, "tag")


def test_of_a_layer_to_use_again_only_what_is_ours_is_kept(registry_server: Registry) -> None:
    """A layer with another place to get it from would send everybody there who pulls the image."""
    key = f"{'0' * 64}.gzip"
    urls = ["https://elsewhere.example/layer"]
    notes = {oci_image.KEY: key, oci_image.CLAIMS: "", "io.example": "x"}
    registry_server.put("base", layer(urls=urls, annotations=notes, data="eA==")(registry_server))
    found = oci_image.find(team(registry_server), "base", "linux-64")
    assert found is not None
    ours = {oci_image.KEY: key, oci_image.CLAIMS: ""}
    plain = described(digest_of(b"layer"), 5, LAYER) | {"annotations": ours}
    assert [(one.key, one.descriptor) for one in found.reusable] == [(key, plain)]
    foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    registry_server.put("base", layer(annotations=notes, mediaType=foreign)(registry_server))
    found = oci_image.find(team(registry_server), "base", "linux-64")
    assert found is not None
    assert found.reusable == []


# Who is sent elsewhere.


def upload(repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"layer")
    repository.upload(file, digest_of(b"layer"))


OPERATIONS: dict[str, Callable[[Repository, Path], object]] = {
    "get": lambda repository, _: repository.get("latest"),
    "blob": lambda repository, _: repository.blob(Descriptor(CONFIG, ASKED, 2)),
    "has": lambda repository, _: repository.has(ASKED),
    "upload": upload,
    "put": lambda repository, _: repository.put({"mediaType": MANIFEST}, "tag"),
}
TOKENS: dict[str, Reply] = {
    **{f"is {name}": Reply(200, body) for name, body in NO_DOCUMENTS.items()},
    "is empty": Reply(200, b"{}"),
    "null": Reply(200, b'{"token": null}'),
    "number": Reply(200, b'{"token": 5}'),
    "list": Reply(200, b'{"access_token": ["a"]}'),
    "lines": Reply(200, json.dumps({"token": "a\r\nHost: evil"}).encode()),
    "letters": Reply(200, json.dumps({"token": "ä"}).encode()),
    "surrogate": Reply(200, b'{"token": "\\ud800"}'),
    "huge": Reply(200, HUGE),
    "bomb": BOMB,
    "401": Reply(401, DEEP),
    "403": Reply(403, b'{"errors": null}'),
    "404": Reply(404, b'{"errors": [null]}'),
    "302 plain": Reply(302, headers={"Location": "http://evil.example/"}),
    "302 file": Reply(302, headers={"Location": "file:///etc/passwd"}),
}
CHALLENGES = {
    "none": None,
    "empty": "",
    "Negotiate": "Negotiate",
    "Negotiate token": "Negotiate YII=",
    "NTLM": "NTLM, Negotiate",
    "Digest": 'Digest realm="x", nonce="y"',
    "Bearer alone": "Bearer",
    "no realm": 'Bearer service="x"',
    "empty realm": 'Bearer realm=""',
    "http": 'Bearer realm="http://evil.example/token"',
    "http by name": 'Bearer realm="http://127.0.0.1.evil.example/token"',
    "http by user": 'Bearer realm="http://127.0.0.1@evil.example/token"',
    "user": 'Bearer realm="https://a:b@evil.example/token"',
    "backslash": 'Bearer realm="http://evil.example\\\\@127.0.0.1/token"',
    "number": 'Bearer realm="http://2130706433/token"',
    "ftp": 'Bearer realm="ftp://evil.example/token"',
    "file": 'Bearer realm="file:///etc/passwd"',
    "relative": 'Bearer realm="/token"',
    "no scheme": 'Bearer realm="//evil.example/token"',
    "blank": 'Bearer realm="https://evil.example /token"',
    "IPv6": 'Bearer realm="https://[::1/token"',
    "port": 'Bearer realm="https://evil.example:99999999/token"',
    "open": 'Bearer realm="https://evil.example',
    "long": "a" * 60_000 + "!",
}


def refusing(challenge: str | None) -> Callable[[Request], Reply | None]:
    headers = {} if challenge is None else {"WWW-Authenticate": challenge}
    return always(Reply(401, b'{"errors": [{"message": "no"}]}', headers))


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("challenge", CHALLENGES.values(), ids=CHALLENGES)
def test_challenges_that_get_no_login(
    registry_server: Registry,
    logged_in: Path,
    challenge: str | None,
    operation: Callable[[Repository, Path], object],
) -> None:
    registry_server.rule = refusing(challenge)
    with pytest.raises(NetworkError) as caught:
        operation(team(registry_server), logged_in)
    assert caught.value.what.isprintable()
    assert caught.value.fix
    assert registry_server.authorizations == [""]


@pytest.mark.parametrize("operation", ["get", "upload", "put"])
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_tokens_that_are_none(
    registry_server: Registry, other: Registry, logged_in: Path, token: Reply, operation: str
) -> None:
    registry_server.rule = refusing(f'Bearer realm="{other.url}/token",service="s"')
    other.rule = always(token, part="/token")
    with pytest.raises(NetworkError) as caught:
        OPERATIONS[operation](team(registry_server), logged_in)
    assert caught.value.what.isprintable()
    assert registry_server.authorizations == [""]
    assert other.authorizations == [SECRET]


@pytest.mark.parametrize("name", ["Negotiate", "http", "file", "no realm"])
def test_pushes_say_so_in_one_line(
    strata: Strata, registry_server: Registry, logged_in: Path, name: str
) -> None:
    registry_server.rule = refusing(CHALLENGES[name])
    strata("lock")
    image = f"{registry_server.address}/team/app"
    done = strata("push", f"{image}:1", "--base", f"{image}:base", HOME=str(logged_in))
    assert done.returncode == 6
    assert done.stderr.startswith(f"error: {image}: ")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 2
    assert registry_server.authorizations == [""]


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("challenge", ["Basic", "Bearer"])
def test_a_login_does_not_follow_a_redirect(
    registry_server: Registry, other: Registry, code: int, challenge: str
) -> None:
    """As to where a registry keeps its blobs, which may ask for a login itself."""
    blob = registry_server.add(b"layer")
    registry_server.rule = with_login(registry_server, challenge, then=other, code=code)
    other.rule = lambda _request: Reply(200, b"layer", {"Set-Cookie": "a=b"})
    source, wanted = team(registry_server), Descriptor(LAYER, blob, 5)
    assert source.blob(wanted) == b"layer"
    assert len(other.asked) == 1
    other.rule = always(Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}))
    with pytest.raises(NetworkError):
        source.blob(wanted)
    other.rule = always(
        Reply(401, headers={"WWW-Authenticate": f'Bearer realm="{other.url}/token"'})
    )
    with pytest.raises(NetworkError):
        source.blob(wanted)
    assert set(other.authorizations) == {""}
    assert not any("cookie" in request.headers for request in registry_server.asked)
    assert not any("token" in request.path for request in other.asked)


def with_login(
    registry: Registry, challenge: str, then: Registry | None = None, code: int = 307
) -> Callable[[Request], Reply | None]:
    """Want a login or a token, and send whoever has one to another host."""
    wanted = {"Basic": SECRET, "Bearer": "Bearer t"}[challenge]
    how = f'{challenge} realm="{registry.url}/token"'

    def rule(request: Request) -> Reply | None:
        if request.path == "/token":
            right = request.authorization == SECRET
            return Reply(200, b'{"token": "t"}') if right else Reply(401)
        if request.authorization != wanted:
            return Reply(401, headers={"WWW-Authenticate": how})
        if then:
            return Reply(code, headers={"Location": f"{then.url}{request.target}"})
        return None

    return rule


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("operation", ["upload", "put"])
def test_writing_is_not_sent_on(
    registry_server: Registry, other: Registry, logged_in: Path, code: int, operation: str
) -> None:
    to = {"Location": f"{other.url}/v2/x"}
    registry_server.rule = always(Reply(code, headers=to), "POST", "PUT")
    with pytest.raises(NetworkError, match=str(code)):
        OPERATIONS[operation](team(registry_server), logged_in)
    assert other.asked == []


PLACES = {
    "plain": "http://evil.example/x",
    "file": "file:///etc/passwd",
    "user": "http://127.0.0.1@evil.example/x",
    "backslash": "http://evil.example\\@127.0.0.1/x",
    "blank": "http://127.0.0.1 .evil.example/",
    "IPv6": "http://[::1/x",
    "port": "http://127.0.0.1:x/",
    "scheme": "//evil.example/x",
    "letters": "http://127.0.0.1\xe4.example/",
    "script": "javascript:alert(1)",
}


@pytest.mark.parametrize("operation", ["get", "has", "upload"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_places_that_nothing_is_sent_to(
    registry_server: Registry, logged_in: Path, place: str, operation: str
) -> None:
    method = {"get": "GET", "has": "HEAD", "upload": "POST"}[operation]
    code = 202 if method == "POST" else 307
    registry_server.rule = always(Reply(code, headers={"Location": place}), method)
    with pytest.raises(NetworkError, match="sends requests on to"):
        OPERATIONS[operation](team(registry_server), logged_in)


@pytest.mark.usefixtures("logged_in")
def test_redirects_end(registry_server: Registry) -> None:
    registry_server.rule = always(Reply(302, headers={"Location": "/v2/again"}))
    with pytest.raises(NetworkError, match="without an end"):
        team(registry_server).get("latest")
    assert len(registry_server.asked) == 6


@pytest.mark.parametrize("challenge", ["Basic", "Bearer"])
def test_an_upload_elsewhere_has_no_login(
    registry_server: Registry, other: Registry, logged_in: Path, challenge: str
) -> None:
    asks = with_login(registry_server, challenge)

    def rule(request: Request) -> Reply | None:
        if request.method == "POST" and request.authorization:
            return Reply(202, headers={"Location": f"{other.url}/v2/upload?a=b"})
        return asks(request)

    registry_server.rule = rule
    upload(team(registry_server), logged_in)
    assert [(r.method, r.authorization) for r in other.asked] == [("PUT", "")]
    other.rule = always(Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}))
    with pytest.raises(NetworkError):
        upload(team(registry_server), logged_in)
    assert set(other.authorizations) == {""}


def test_an_upload_without_a_place(registry_server: Registry, logged_in: Path) -> None:
    registry_server.rule = always(Reply(202), "POST")
    with pytest.raises(NetworkError, match="does not say where to upload to"):
        upload(team(registry_server), logged_in)


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("/v2/u?a=b%3D", "https://r.example:8443/v2/u?a=b%3D"),
        ("u", "https://r.example:8443/v2/x/blobs/uploads/u"),
        ("https://r.example:8443/u", "https://r.example:8443/u"),
        ("http://r.example:8443/u", "https://r.example:8443/u"),
        ("HTTP://R.example:8443/u", "https://r.example:8443/u"),
        ("https://s.example/u#x", "https://s.example/u"),
        ("http://r.example/u", None),
        ("http://r.example:84433/u", None),
        ("http://r.example:8443@evil.example/u", None),
        ("http://s.example/u", None),
        ("http://127.0.0.1/u", None),
        ("https://me@r.example:8443/u", None),
        ("https://evil.example\\@r.example:8443/u", None),
    ],
)
def test_where_an_upload_goes_on(location: str, found: str | None) -> None:
    """On a registry with TLS: its own name without it is a proxy's mistake; this machine is not."""
    transport = Transport(Origin.of("https://r.example:8443"), "r")
    base = "https://r.example:8443/v2/x/blobs/uploads/"
    if found:
        assert transport.resolve(base, location) == found
    else:
        with pytest.raises(NetworkError):
            transport.resolve(base, location)


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ("127.0.0.1:5000", "http"),
        ("localhost", "http"),
        ("localhost:5000", "http"),
        ("[::1]:5000", "http"),
        ("127.9.9.9", "http"),
        ("127.0.0.1.evil.example", "https"),
        ("localhost.example", "https"),
        ("evil.localhost", "https"),
        ("0.0.0.0:5000", "https"),
        ("10.0.0.1:5000", "https"),
        ("127.1:5000", "https"),
        ("ghcr.io", "https"),
    ],
)
def test_only_this_machine_is_asked_without_encryption(host: str, scheme: str) -> None:
    assert Reference.parse(f"{host}/team/app").origin.scheme == scheme


ERRORS = {
    "null": b"null",
    "list": b"[]",
    "errors null": b'{"errors": null}',
    "errors number": b'{"errors": 5}',
    "errors of null": b'{"errors": [null]}',
    "errors of text": b'{"errors": ["x"]}',
    "message list": b'{"errors": [{"message": ["x"]}]}',
    "no message": b'{"errors": [{}]}',
    "escape": json.dumps({"errors": [{"message": "\x1b[2Ja\n::error::b\u202e"}]}).encode(),
    "long": json.dumps({"errors": [{"message": "a" * 10_000}]}).encode(),
    "deep": DEEP,
    "huge": HUGE,
}


@pytest.mark.parametrize("body", ERRORS.values(), ids=ERRORS)
def test_errors_are_told_in_one_line(
    registry_server: Registry, logged_in: Path, body: bytes
) -> None:
    registry_server.rule = always(Reply(400, body))
    for operation in OPERATIONS.values():
        with pytest.raises(NetworkError) as caught:
            operation(team(registry_server), logged_in)
        assert caught.value.what.isprintable()
        assert len(caught.value.what) < 500


def test_a_body_that_breaks_off_is_asked_for_again(registry_server: Registry) -> None:
    """A broken transfer is no damage: the next try may be whole."""
    replies = [Reply(200, b"{", promised=2), Reply(200, b"{}")]
    registry_server.rule = lambda _request: replies.pop(0)
    found = team(registry_server).get("latest")
    assert found is not None
    assert found.digest == ASKED
