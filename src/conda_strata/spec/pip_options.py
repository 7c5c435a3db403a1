"""The options that a ``pip:`` list and a requirements file can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conda_strata.core import urls
from conda_strata.core.errors import ManifestError
from conda_strata.spec.channel_names import refuse_credentials

_SHORT = {"-r": "--requirement", "-c": "--constraint", "-i": "--index-url", "-f": "--find-links"}
_SHORT |= {"-e": "--editable"}
_LOCATIONS = {"--index-url", "--extra-index-url", "--find-links"}
_SWITCHES = {"--no-index": ["--no-index"], "--pre": ["--prerelease", "allow"]}
_NEEDLESS = {"--prefer-binary", "--require-hashes", "--only-binary", "--use-feature"}
_VALUED = {"--requirement", "--constraint", "--editable", *_LOCATIONS}


@dataclass(frozen=True)
class Option:
    """One option: its long name and its value."""

    name: str
    value: str


def parse(text: str, where: str) -> Option:
    """Return the option that the line *text* is.

    Raises
    ------
    ManifestError
        When it is none that can be obeyed.
    """
    found = re.match(r"(--[a-z-]+)(?:[\s=]+(.*))?$|(-[a-z])\s*(.*)$", text)
    if not found:
        raise ManifestError(
            f"{where}: {text.split()[0]!r} is no option that such a list can hold", _fix("")
        )
    name = found[1] or _SHORT.get(found[3], found[3])
    value = (found[2] or found[4] or "").strip().strip("'\"")
    if name in _VALUED and not value:
        raise ManifestError(f"{where}: {name} needs a value", f"Write '{name} VALUE'.")
    if name not in {*_VALUED, *_SWITCHES, *_NEEDLESS}:
        raise ManifestError(f"{where}: the option {name} is not supported", _fix(name))
    if (name in _LOCATIONS and re.search(r"\s", value)) or (name in _SWITCHES and value):
        raise ManifestError(
            f"{where}: what stands behind {name} on the same line would be left out",
            f"Write {name} on a line of its own.",
        )
    return Option(name, value)


def refuse_behind(text: str, where: str) -> None:
    """Refuse an option of the whole list behind a requirement, where pip does not obey it.

    Raises
    ------
    ManifestError
        With *where* it stands.
    """
    if found := re.search(r"\s(--?[a-z][a-z-]*)(?=[\s=]|$)", text.partition(";")[0]):
        raise ManifestError(
            f"{where}: {found[1]} stands behind a requirement, where pip does not obey it",
            f"Write '- {found[1]} …' as a line of its own, before this one."
            if _SHORT.get(found[1], found[1]) in {*_LOCATIONS, *_SWITCHES}
            else _fix(found[1]),
        )


def for_uv(option: Option, where: str) -> list[str]:
    """Return the words for uv that an option of the index means.

    Raises
    ------
    ManifestError
        When it names a place that may not be used.
    """
    if option.name in _NEEDLESS:
        return []
    if option.name in _SWITCHES:
        return _SWITCHES[option.name]
    refuse_credentials(option.value, where, f"the URL of {option.name}")
    if "$" in option.value:
        raise ManifestError(
            f"{where}: the URL of {option.name} holds a variable, so it could be another one on "
            "each machine",
            "Write its host out; a login is given to uv (UV_INDEX_NAME_USERNAME, .netrc).",
        )
    if not re.match(r"https?://", option.value):
        raise ManifestError(
            f"{where}: {option.name} names a folder, whose wheels only this machine has",
            "Put the wheels on a server, and name its URL.",
        )
    urls.require_safe([option.value], where)
    # Of uv's names, this one goes before what its variables and its settings say.
    name = "--default-index" if option.name == "--index-url" else option.name
    return [name, option.value]


def refuse_second_index(words: Sequence[str], others: Iterable[Sequence[str]], where: str) -> None:
    """Refuse a second ``--index-url``, of which pip takes the last without a word.

    Raises
    ------
    ManifestError
        With *where* it stands.
    """
    for other in others:
        if words[0] == other[0] == "--default-index":
            raise ManifestError(
                f"{where}: a second --index-url ({words[1]}, before it {other[1]})",
                "Keep one; further indexes are named with --extra-index-url.",
            )


def _fix(name: str) -> str:
    if name == "--no-binary":
        return "Take it out, and name the package in environment.yml: 'build: [NAME]'."
    if name in {"--config-settings", "--global-option"}:
        return "Take it out: builds get no settings. conda may have the package."
    if name == "--trusted-host":
        return "Take it out: certificates are checked. uv and rattler use the system's store."
    return "Take it out; uv's own settings are read too (uv.toml, UV_…)."
