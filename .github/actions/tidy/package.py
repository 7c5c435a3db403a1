"""The versions of a package on ghcr.io, as GitHub's API and the registry's know them.

https://docs.github.com/en/rest/packages/packages has the first; the second is OCI's.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from answers import AnswerError, ask, parse
from needed import Version

MOST_PAGES = 100
_PAGE = 100
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_KINDS = (
    "oci.image.index.v1",
    "oci.image.manifest.v1",
    "docker.distribution.manifest.list.v2",
    "docker.distribution.manifest.v2",
)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Package:
    """The package ``ghcr.io/OWNER/NAME``.

    Attributes
    ----------
    token
        GitHub's.
    api, registry
        URLs of both.
    """

    owner: str
    name: str
    token: str
    api: str
    registry: str

    def is_there(self) -> bool:
        """Return whether GitHub shows the package, which the first push makes."""
        path = self._path
        try:
            self._github(path)
        except AnswerError as error:
            if error.status == 404:
                return False
            raise
        return True

    def versions(self) -> list[Version]:
        """Return all versions, with what they refer to.

        Raises
        ------
        AnswerError
            If not all are known for sure.
        """
        tags = set(self._tags())  # first: what gets a tag from now on is listed below
        found = {version.digest: version for version in self._listed()}
        if missing := tags - {tag for version in found.values() for tag in version.tags}:
            raise AnswerError(f"GitHub does not list the version with the tag {min(missing)}")
        whole = [self._read(version) for version in found.values()]
        for version in whole:
            for child in version.children:
                if child not in found and self._is_there(child):
                    raise AnswerError(f"GitHub does not list {child}, a part of {version.digest}")
        return whole

    def delete(self, version: Version) -> None:
        """Delete a version, if it is still what it was.

        Raises
        ------
        AnswerError
            If it was not deleted.
        """
        path = f"{self._path}/versions/{version.number}"
        now = _listed(path, self._github(path))
        if (now.digest, now.tags, now.changed) != (version.digest, version.tags, version.changed):
            raise AnswerError(f"{version.digest} has just changed")
        ask(self.api + path, self._headers, "DELETE")

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def _github(self, path: str) -> Any:
        return parse(path, ask(self.api + path, self._headers)[0])

    @cached_property
    def _path(self) -> str:
        owner = quote(self.owner, safe="")
        path = f"/users/{owner}"
        said = _understood(path, lambda: str(self._github(path)["type"]))
        kinds = {"Organization": "orgs", "User": "users"}
        kind = _understood(path, lambda: kinds[said])
        return f"/{kind}/{owner}/packages/container/{quote(self.name, safe='')}"

    def _listed(self) -> Iterator[Version]:
        """Yield the versions that GitHub lists: pages until one is empty."""
        seen: set[int] = set()
        for page in range(1, MOST_PAGES + 1):
            path = f"{self._path}/versions?{urlencode({'per_page': _PAGE, 'page': page})}"
            found = self._github(path)
            if not isinstance(found, list):
                raise AnswerError(f"{path}: the answer is no list")
            if not found:
                return
            for version in (_listed(path, one) for one in found):
                if version.number in seen:
                    raise AnswerError(f"{path}: the list changed while it was read")
                seen.add(version.number)
                yield version
        raise AnswerError(f"there are more than {MOST_PAGES * _PAGE} versions")

    @cached_property
    def _login(self) -> dict[str, str]:
        scope = f"repository:{self.owner}/{self.name}:pull"
        words = urlencode({"service": urlsplit(self.registry).netloc, "scope": scope})
        url = f"{self.registry}/token?{words}"
        login = base64.b64encode(f"github-actions:{self.token}".encode()).decode()
        said = parse(url, ask(url, {"Authorization": f"Basic {login}"})[0])
        token = _understood("token", lambda: said["token"])
        accept = ", ".join(f"application/vnd.{kind}+json" for kind in _KINDS)
        return {"Authorization": f"Bearer {token}", "Accept": accept}

    def _tags(self) -> Iterator[str]:
        """Yield the tags that the registry has."""
        last = ""
        for _ in range(MOST_PAGES):
            query = urlencode({"n": 1000} | ({"last": last} if last else {}))
            url = f"{self.registry}/v2/{self.owner}/{self.name}/tags/list?{query}"
            body, headers = ask(url, self._login)
            tags = _tags_of(url, parse(url, body))
            yield from tags
            if "next" not in (headers.get("Link") or ""):
                return
            if not tags or tags[-1] == last:
                raise AnswerError(f"{url}: a page without tags, and not the last")
            last = tags[-1]
        raise AnswerError("there are too many tags")

    def _manifest(self, digest: str) -> bytes:
        url = f"{self.registry}/v2/{self.owner}/{self.name}/manifests/{digest}"
        body, _ = ask(url, self._login)
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != digest:
            raise AnswerError(f"{url}: these are other bytes")
        return body

    def _read(self, version: Version) -> Version:
        said = parse(version.digest, self._manifest(version.digest))

        def digests(name: str) -> tuple[str, ...]:
            return tuple(_matched(_DIGEST, one["digest"]) for one in said.get(name) or [])

        return _understood(
            version.digest,
            lambda: replace(
                version,
                children=digests("manifests"),
                layers=digests("layers"),
                subject=_matched(_DIGEST, said["subject"]["digest"]) if said.get("subject") else "",
            ),
        )

    def _is_there(self, digest: str) -> bool:
        try:
            self._manifest(digest)
        except AnswerError as error:
            if error.status == 404:
                return False
            raise
        return True


def _listed(path: str, said: Any) -> Version:
    return _understood(
        path,
        lambda: Version(
            int(said["id"]),
            _matched(_DIGEST, said["name"]),
            tuple(sorted(_matched(_TAG, t) for t in said["metadata"]["container"]["tags"])),
            max(
                datetime.fromisoformat(said[when]).astimezone(UTC)
                for when in ("created_at", "updated_at")
            ),
        ),
    )


def _tags_of(url: str, said: Any) -> list[str]:
    return _understood(url, lambda: [_matched(_TAG, tag) for tag in said["tags"] or []])


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def _understood(where: str, read: Callable[[], _T]) -> _T:
    """Return what *read* finds in an answer, which may be anything."""
    try:
        return read()
    except (AttributeError, KeyError, TypeError, ValueError):
        raise AnswerError(f"{where}: the answer is not understood") from None
