"""One package of ``conda-lock.yml``, read as one of ours.

The format is described by https://schemas.conda.org/conda-lock-v1.schema.json. It has neither
build numbers nor the kind of a noarch package, which are taken from file names and dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name
from rattler import BuildString, MatchSpec, NoArchType, PackageRecord, RepoDataRecord
from rattler.exceptions import (
    InvalidMatchSpecError,
    InvalidPackageNameError,
    InvalidUrlError,
    InvalidVersionError,
)

from conda_strata.lock.location import shown
from conda_strata.pypi.wheel import Wheel
from conda_strata.spec.dependency import package_name

_FILE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(?:conda|tar\.bz2)")


class Malformed(Exception):  # noqa: N818 - only its reader catches it, and tells where
    """What is wrong with an entry."""


def package(fields: Mapping[str, object]) -> RepoDataRecord | Wheel:
    """Return the package that *fields* describe.

    Raises
    ------
    Malformed
        Saying what is wrong.
    """
    if fields.get("manager") == "pip":
        return _wheel(fields)
    if fields.get("manager") == "conda":
        return _record(fields)
    raise Malformed("its manager is neither conda nor pip")


def _record(fields: Mapping[str, object]) -> RepoDataRecord:
    name, url = as_text(fields.get("name")), as_text(fields.get("url"))
    try:
        *folders, subdir, file = unquote(urlsplit(url).path).split("/")
    except ValueError:
        raise Malformed(f"{shown(url)} is no URL of a package") from None
    parts = _FILE.fullmatch(file)
    if not folders or not parts:
        raise Malformed(f"{shown(url)} is no URL of a package")
    if (parts["name"], parts["version"]) != (name, fields.get("version")):
        raise Malformed(f"{shown(file)} is another package")
    depends = list(_depends(as_mapping(fields.get("dependencies") or {})))
    build_number = re.search(r"(?:^|_)([0-9]{1,9})$", parts["build"])
    # What rattler assumes of locks that do not tell the kinds of noarch packages apart, too.
    kind = NoArchType("python" if "python" in map(package_name, depends) else "generic")
    hashes = as_mapping(fields.get("hash") or {})
    try:
        record = PackageRecord(
            name,
            parts["version"],
            BuildString(parts["build"]),
            int(build_number[1]) if build_number else 0,
            subdir,
            noarch=kind if subdir == "noarch" else None,
            depends=depends,
            sha256=_digest(hashes, "sha256", 64),
            md5=_digest(hashes, "md5", 32),
        )
        return RepoDataRecord(record, file, url, url.rsplit("/", 2)[0])
    except (InvalidPackageNameError, InvalidVersionError, InvalidUrlError, ValueError) as error:
        raise Malformed(str(error).splitlines()[0]) from error


def _wheel(fields: Mapping[str, object]) -> Wheel:
    sha256 = _digest(as_mapping(fields.get("hash") or {}), "sha256", 64)
    requires = {canonicalize_name(name) for name in as_mapping(fields.get("dependencies") or {})}
    url = as_text(fields.get("url"))
    try:
        urlsplit(url)
    except ValueError:
        raise Malformed(f"{shown(url)} is no URL of a package") from None
    return Wheel(
        canonicalize_name(as_text(fields.get("name"))),
        as_text(fields.get("version")),
        url,
        (sha256 or b"").hex(),
        tuple(sorted(requires)),
    )


def _depends(constraints: Mapping[str, object]) -> Iterator[str]:
    """Yield the dependencies as MatchSpecs; of one that is none, the name."""
    for name, constraint in constraints.items():
        text = f"{name} {as_text(constraint, empty=True)}".strip()
        try:
            MatchSpec(text)
        except InvalidMatchSpecError:
            text = name
        yield text


def _digest(hashes: Mapping[str, object], kind: str, length: int) -> bytes | None:
    text = as_text(hashes.get(kind) or "", empty=True)
    if not text:
        return None
    if not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", text):
        raise Malformed(f"its {kind} is not of {length} hexadecimal digits")
    return bytes.fromhex(text)


def as_mapping(value: object) -> Mapping[str, object]:
    """Return *value*, which must be a mapping; its names are text, as the loader makes them."""
    if not isinstance(value, dict):
        raise Malformed("a mapping is missing")
    return value


def as_list(value: object) -> list[object]:
    """Return *value*, which must be a list."""
    if not isinstance(value, list):
        raise Malformed("a list is missing")
    return value


def as_text(value: object, *, empty: bool = False) -> str:
    """Return *value*, which must be a text, and not an empty one."""
    if not isinstance(value, str) or not (value or empty):
        raise Malformed("a text is missing")
    return value
