"""Which versions of a package are needed, and why; everything here is known, nothing is asked.

A version is an image, an index of several platforms' images, or an attestation. It is needed if

- it has a tag that is a name, such as ``dev`` or ``v1.0``, not one that ``strata`` made of its content;
- it is young;
- an attestation says something of it, unless those may go;
- something that is needed refers to it: an index to its images, an image to what it was built on;
- it says something of what is needed: an attestation, a signature.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

_REFERRERS = re.compile(r"sha256-([0-9a-f]{64})(\.\w+)?")


@dataclass(frozen=True)
class Version:
    """A version of the package, and what its manifest refers to.

    Attributes
    ----------
    number
        GitHub's id.
    digest
        Of its manifest.
    tags
        Its tags.
    changed
        When it was made, or got its last tag.
    children
        The manifests that an index lists.
    subject
        The manifest that it says something of, if any.
    layers
        Those of an image.
    """

    number: int
    digest: str
    tags: tuple[str, ...]
    changed: datetime
    children: tuple[str, ...] = ()
    subject: str = ""
    layers: tuple[str, ...] = ()

    @property
    def about(self) -> set[str]:
        """The digests that it says something of; registries without referrers use a tag for that."""
        tagged = {f"sha256:{found[1]}" for t in self.tags if (found := _REFERRERS.fullmatch(t))}
        return tagged | ({self.subject} if self.subject else set())


@dataclass(frozen=True)
class Rules:
    """What is kept.

    Attributes
    ----------
    targets
        Names of the project's images.
    since
        What changed later is young.
    keep_attested
        Whether what an attestation is about stays.
    """

    targets: Sequence[str]
    since: datetime
    keep_attested: bool = True
    _made: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        names = "|".join(map(re.escape, self.targets))
        object.__setattr__(self, "_made", re.compile(rf"(?:{names})(-base)?-[0-9a-f]{{16}}"))

    def is_name(self, tag: str) -> bool:
        """Return whether somebody gave a tag, which ``strata`` and attestations do not."""
        return not self._made.fullmatch(tag) and not _REFERRERS.fullmatch(tag)

    def is_base(self, version: Version) -> bool:
        """Return whether a version is there for images to be built on."""
        return any((found := self._made.fullmatch(tag)) and found[1] for tag in version.tags)


def needed(versions: Iterable[Version], rules: Rules) -> dict[str, str]:
    """Return the digest of each version that is needed, to the reason."""
    known = {version.digest: version for version in versions}
    about = {d for version in known.values() for d in version.about}
    why: dict[str, str] = {}
    for version in known.values():
        if names := [tag for tag in version.tags if rules.is_name(tag)]:
            why[version.digest] = f"tag {names[0]}"
        elif version.changed >= rules.since:
            why[version.digest] = "young"
        elif rules.keep_attested and version.digest in about:
            why[version.digest] = "attested"
    while more := _follow(known, why, rules):
        why |= more
    return why


def _follow(known: Mapping[str, Version], why: Mapping[str, str], rules: Rules) -> dict[str, str]:
    """Return what is needed because of *why*, and not yet in it."""
    more = {}
    for version in (known[digest] for digest in why):
        for child in version.children:
            more[child] = "part of an index"
    for version in known.values():
        if version.about & why.keys():
            more[version.digest] = "attestation of what is kept"
    images = [known[digest].layers for digest in why if known[digest].layers]
    for version in known.values():
        parts = [version, *(known[child] for child in version.children if child in known)]
        if rules.is_base(version) and any(_is_below(part.layers, images) for part in parts):
            more[version.digest] = "base of an image"
    return {
        digest: reason for digest, reason in more.items() if digest in known.keys() - why.keys()
    }


def _is_below(layers: Sequence[str], images: Iterable[Sequence[str]]) -> bool:
    """Return whether some image starts with *layers* and has more."""
    return bool(layers) and any(
        len(image) > len(layers) and image[: len(layers)] == layers for image in images
    )
