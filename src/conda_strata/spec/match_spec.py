"""conda's MatchSpecs as rattler understands them, and those that it understands otherwise.

rattler reads most of what conda reads. Where the two differ, what conda means is written in the
words of rattler; where that cannot be, or is a slip that conda lets pass, the spec is refused.
"""

from __future__ import annotations

import re
import urllib.parse

from conda_strata.core.errors import ManifestError
from conda_strata.spec import channel_names
from conda_strata.spec.channel_names import is_plain, refuse_credentials
from conda_strata.spec.dependency import package_name

_USUAL = r"[A-Za-z_][\w.-]*(?: (?:[<>]=?|[!=]=)[\w.]+(?:,(?:[<>]=?|[!=]=)[\w.]+)*)?"
"""``numpy`` and ``numpy >=1.26,<3``: read alike by all, and what nearly all specs are."""

_PACKAGE_URL = r"(?i)\S*[/\\]\S+\.(?:conda|tar\.bz2)(?:#\S*)?"
_OPERATORS = re.compile(r"[<>=!~]")
_FIELDS = {"version", "build", "build_number", "channel", "md5", "sha256"}
"""Fields in brackets that the solver obeys."""


def checked(text: str, where: str) -> str:
    """Return the MatchSpec that *text* means, as rattler understands it.

    Raises
    ------
    ManifestError
        When it is none, or names a place that is not allowed: with *where* it stands, and without
        credentials.
    """
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    if not re.fullmatch(_USUAL, text):
        refuse_credentials(text, where, "a channel's URL" if "::" in text else "a dependency")
        _refuse_package_url(text, where)
        _refuse_slips(text, where)
        text = _in_rattlers_words(text)
    try:
        spec = MatchSpec(text)
    except InvalidMatchSpecError as error:
        reason = str(error).splitlines()[0]
        what = f"{text!r} is no package spec: {reason}" if is_plain(text) else "no package spec"
        raise ManifestError(
            f"{where}: {what}", "Write it like 'numpy', 'numpy >=2' or 'numpy =2.1'."
        ) from error
    if spec.channel:
        if spec.subdir:
            channel, _, package = text.partition("::")
            plain = channel.rstrip("/").removesuffix(f"/{spec.subdir}")
            raise ManifestError(
                f"{where}: {text!r} asks for the subdir {spec.subdir}, which the solver does not obey",
                f"Write '{plain}::{package}', with a selector such as '# [linux64]'.",
            )
        channel_names.check(spec.channel.base_url, where)
        channel, mark, rest = text.partition("::")
        if mark and "://" in channel:
            text = f"{channel_names.canonical(channel)}::{rest}"
    if spec.build and "=" in spec.build and not _OPERATORS.match(spec.build):
        raise ManifestError(
            f"{where}: {text!r} has something behind the build string",
            "Write 'NAME=VERSION=BUILD', and a channel before it: 'CHANNEL::NAME=VERSION=BUILD'.",
        )
    if spec.build and _OPERATORS.match(spec.build):
        build = re.sub(r"\s+(?=[<>=!~])", ",", spec.build)
        parts = f"{spec.version},{build}".replace(" ", "")
        raise ManifestError(
            f"{where}: {text!r} has a space between two versions, where conda reads a build string",
            f"Join them with a comma: '{package_name(text)} {parts}'.",
        )
    return text


def _in_rattlers_words(text: str) -> str:
    """Return *text* with what rattler reads otherwise written so that it reads what conda does."""
    text = text.split(" #")[0].strip()
    # conda leaves the wildcard of a comparison out; rattler makes >1.* to >=1.
    text = re.sub(r"((?<![=<>!~])[<>]=?\s*[\w.!+]+?)(?:\.\*|\*)(?=$|[\s,|\]'\")])", r"\1", text)
    # rattler takes the second '=' into the build string when there are spaces about it.
    text = re.sub(
        r"^(\S+?)\s*(?<![<>!~=])=\s*([^\s=<>!~,|\[]+)\s+=\s*([^\s=]+)$", r"\1=\2=\3", text
    )
    text = re.sub(r"^([\w.:/-]+)\s*=$", r"\1", text)
    text = re.sub(r"(?<![=<>!~])===(?!=)", "==", text)
    return _with_channel(text)


def _with_channel(text: str) -> str:
    channel, mark, rest = text.partition("::")
    if not mark:
        return text
    name = re.match(r"[\w.-]*", rest.strip())
    return f"{channel_names.of_package(channel.strip(), name[0] if name else '')}::{rest}"


def _refuse_package_url(text: str, where: str) -> None:
    """Refuse a package's URL, with the spec that means the same package."""
    from conda_strata.core.urls import is_encrypted

    if not re.fullmatch(_PACKAGE_URL, text.strip()) and not re.search(r"[\[,]\s*url\s*=", text):
        return
    fix = "Name the channel and the version: 'https://HOST/CHANNEL::numpy =2.1'."
    parts = urllib.parse.urlsplit(text.strip().partition("#")[0])
    folder, _, file = urllib.parse.unquote(parts.path).rpartition("/")
    channel, _, subdir = folder.rpartition("/")
    found = re.fullmatch(r"([\w.-]+)-([^-]+)-([^-]+?)\.(?:conda|tar\.bz2)", file)
    plain = parts._replace(path=channel, query="", fragment="").geturl()
    if not parts.scheme or len(parts.scheme) == 1:
        fix = (
            "Put it into a channel, such as a folder that 'rattler-index' or 'conda index' indexes."
        )
    elif found and subdir and is_encrypted(plain):
        plain = plain.removeprefix("https://conda.anaconda.org/")
        fix = f"Write '{plain}::{found[1]} =={found[2]} {found[3]}'"
        fix += "." if subdir == "noarch" else f", with a selector where it is for {subdir} only."
    raise ManifestError(
        f"{where}: a package's URL cannot be locked, because its hash is in the channel", fix
    )


def _refuse_slips(text: str, where: str) -> None:
    """Refuse what conda or rattler takes for something that nobody can mean."""
    shown = repr(text) if is_plain(text) else "this"
    if "^" in text.partition("[")[0]:
        raise ManifestError(
            f"{where}: {shown} has '^', a pattern or range that the solver does not know",
            "Write a range, as in 'numpy >=1.26,<3', or a wildcard, as in 'numpy 2.*'.",
        )
    if not is_plain(text):
        return
    name, brackets, fields = text.strip().partition("[")
    package = name.rpartition("::")[2].strip()
    if re.fullmatch(r"[\d.]+", package):
        raise ManifestError(
            f"{where}: {text!r} is a number, no package",
            "Write 'NAME =NUMBER' on one line, as in 'python =3.12'.",
        )
    if found := re.search(r"(?<![=<>!~])=\s*([<>])(?!=)", name):
        right = re.sub(r"\s*=\s*([<>])\s*", r" \1=", name)
        raise ManifestError(
            f"{where}: {text!r} has '={found[1]}', which is no comparison", f"Write '{right}'."
        )
    if ";" in name:
        raise ManifestError(
            f"{where}: {text!r} has a marker (';'), which conda packages do not have",
            "Write a platform selector, as in 'NAME  # [win]', or move it to the 'pip:' list.",
        )
    if "*" in re.split(r"[\s=<>!~]", package)[0]:
        raise ManifestError(
            f"{where}: {text!r} is a pattern of names, and what it asks for is not known",
            "Name the packages.",
        )
    if found := re.fullmatch(r"([\w.-]+):([\w.-]+.*)", name):
        raise ManifestError(
            f"{where}: {text!r} has one colon, and its channel would be left out",
            f"Write '{found[1]}::{found[2]}'.",
        )
    if brackets:
        _refuse_fields(text, package, fields, where)


def _refuse_fields(text: str, package: str, fields: str, where: str) -> None:
    if re.fullmatch(r"[\w., -]*\][^\[]*", fields):
        raise ManifestError(
            f"{where}: {text!r} has extras in brackets, which only packages of PyPI have",
            f"Write '{package.split()[0] if package else 'NAME'}' and name what the extra brings, "
            "or move it to the 'pip:' list.",
        )
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "''", fields)
    named = set(re.findall(r"(?:^|,)\s*(\w+)\s*=", plain))
    for field in sorted(named - _FIELDS):
        fix = f"Use these: {', '.join(sorted(_FIELDS))}."
        if field == "subdir":
            fix = "Write a selector behind it, such as '# [linux64]', and leave 'subdir' out."
        raise ManifestError(
            f"{where}: {text!r} asks for the {field}, which the solver does not obey", fix
        )
