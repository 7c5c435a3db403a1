"""Environment files that hold secrets, point to where they must not, or are made to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Strata

SECRET = "s3cret"  # noqa: S105 - looked for in what is printed
"""Stands in each text where a user would have a password or token."""


def dependency(text: str) -> str:
    return f"channels: [conda-forge]\ndependencies:\n  - {text}\n"


def requirement(text: str) -> str:
    return f"dependencies:\n  - pip:\n    - {text}\n"


def channel(text: str) -> str:
    return f"name: x\nchannels:\n  - {text}\n"


WHEEL = "x.example/y-1-py3-none-any.whl"
PACKAGE = "x.example/ch/noarch/numbers-1.0-h0_0.conda"

CREDENTIALS = {
    "url-as-dependency": dependency(f"https://me:{SECRET}@{PACKAGE}"),
    "url-user-only": dependency(f"https://{SECRET}@{PACKAGE}"),
    "url-token": dependency(f"https://x.example/t/{SECRET}/ch/noarch/numbers-1.0-h0_0.conda"),
    "url-query": dependency(f"https://{PACKAGE}?token={SECRET}"),
    "url-in-brackets": dependency(f"'numbers[url=https://me:{SECRET}@{PACKAGE}]'"),
    "url-in-brackets-quoted": dependency(f"'numbers[url=\"https://me:{SECRET}@{PACKAGE}\"]'"),
    "url-in-brackets-http": dependency(f"'numbers[url=http://me:{SECRET}@{PACKAGE}]'"),
    "url-in-brackets-query": dependency(f"'numbers[url=https://{PACKAGE}?access_token={SECRET}]'"),
    "channel-in-brackets": dependency(f"'numbers[channel=https://me:{SECRET}@x.example/ch]'"),
    "channel-of-dependency": dependency(f"https://me:{SECRET}@x.example/ch::numbers"),
    "channel-of-dependency-token": dependency(f"https://x.example/t/{SECRET}/ch::numbers"),
    "channel-of-dependency-query": dependency(f"https://x.example/ch?token={SECRET}::numbers"),
    "channel-of-dependency-backslash": dependency(f"http:\\\\me:{SECRET}@x.example/ch::numbers"),
    "channel-of-dependency-no-scheme": dependency(f"me:{SECRET}@x.example/ch::numbers"),
    "dependency-slashes-in-password": dependency(f"https://me:a/{SECRET}@x.example/ch::numbers"),
    "dependency-ipv6": dependency(f"'https://me:{SECRET}@[::1/ch::numbers'"),
    "dependency-upper": dependency(f"HTTPS://ME:{SECRET}@x.example/ch::numbers"),
    "dependency-as-mapping": f"dependencies:\n  -\n    https://me:{SECRET}@x.example/ch: 1\n",
    "wheel": requirement(f"y @ https://me:{SECRET}@{WHEEL}"),
    "wheel-user-only": requirement(f"y @ https://{SECRET}@{WHEEL}"),
    "wheel-http": requirement(f"y @ http://me:{SECRET}@{WHEEL}"),
    "wheel-query": requirement(f"y @ https://{WHEEL}?token={SECRET}"),
    "wheel-signature": requirement(f"y @ https://{WHEEL}?X-Amz-Signature={SECRET}"),
    "wheel-no-space": requirement(f"y@https://me:{SECRET}@{WHEEL}"),
    "git": requirement(f"git+https://oauth2:{SECRET}@x.example/y.git"),
    "git-user-only": requirement(f"git+https://{SECRET}@x.example/y.git"),
    "git-named": requirement(f"y @ git+https://oauth2:{SECRET}@x.example/y.git"),
    "git-ssh": requirement(f"git+ssh://me:{SECRET}@x.example/y.git"),
    "index-url": requirement(f"--index-url https://user:{SECRET}@x.example/simple"),
    "index-url-equals": requirement(f"--index-url=https://user:{SECRET}@x.example/simple"),
    "extra-index-url": requirement(f"--extra-index-url https://user:{SECRET}@x.example/simple"),
    "short-index": requirement(f"-i https://{SECRET}@x.example/simple"),
    "find-links": requirement(f"-f https://x.example/t/{SECRET}/links"),
    "editable": requirement(f"-e git+https://oauth2:{SECRET}@x.example/y.git#egg=y"),
    "requirement-backslash": requirement(f"y @ https:\\\\me:{SECRET}@{WHEEL}"),
    "requirement-no-scheme": requirement(f"me:{SECRET}@{WHEEL}"),
    "channel": channel(f"https://me:{SECRET}@x.example/ch"),
    "channel-user-only": channel(f"https://{SECRET}@x.example/ch"),
    "channel-token": channel(f"https://x.example/t/{SECRET}/ch"),
    "channel-query": channel(f"https://x.example/ch?token={SECRET}"),
    "channel-api-key": channel(f"https://x.example/ch?api_key={SECRET}"),
    "channel-backslash": channel(f"http:\\\\user:{SECRET}@x.example/ch"),
    "channel-mixed-slashes": channel(f"https:/\\user:{SECRET}@x.example/ch"),
    "channel-no-slashes": channel(f"https:user:{SECRET}@x.example/ch"),
    "channel-no-scheme": channel(f"user:{SECRET}@x.example/ch"),
    "channel-two-slashes": channel(f"//user:{SECRET}@x.example/ch"),
    "channel-ftp": channel(f"ftp://user:{SECRET}@x.example/ch"),
    "channel-bad-port": channel(f"https://user:{SECRET}@x.example:99999/ch"),
    "channel-quoted": channel(f"'https://user:{SECRET}@x.example/ch'"),
}


@pytest.mark.parametrize("text", CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials_are_refused_and_not_shown(strata: Strata, project: Path, text: str) -> None:
    (project / "environment.yml").write_text(text)
    line = next(n for n, one in enumerate(text.splitlines(), 1) if SECRET in one)
    for command in (("lock",), ("check", "--json")):
        done = strata(*command)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith(f"error: environment.yml:{line}: ")
        assert SECRET not in done.stderr
        assert "Traceback" not in done.stderr
    assert [path.name for path in project.iterdir()] == ["environment.yml"]


PLACES = {
    "package-url": (dependency(f"https://{PACKAGE}"), 3, "a package's URL cannot be locked"),
    "package-url-http": (dependency(f"http://{PACKAGE}"), 3, "a package's URL cannot be locked"),
    "package-path": (dependency("/x/ch/noarch/numbers-1.0-h0_0.conda"), 3, "a package's URL"),
    "package-file": (dependency("file:///x/ch/noarch/numbers-1.0-h0_0.conda"), 3, "a package's"),
    "package-brackets": (dependency(f"'numbers[url=\"https://{PACKAGE}\"]'"), 3, "a package's"),
    "wheel-http": (requirement(f"y @ http://{WHEEL}"), 3, "is not encrypted"),
    "wheel-file": (
        requirement("y @ file:///x/y-1-py3-none-any.whl"),
        3,
        "a file that only this machine has",
    ),
    "wheel-ipv6": (requirement("y @ https://[::1/y-1-py3-none-any.whl"), 3, "this "),
    "channel-http": (channel("http://x.example/ch"), 3, "is not encrypted"),
    "channel-ftp": (channel("ftp://x.example/ch"), 3, "starts with https://, not ftp:"),
    "channel-s3": (channel("s3://bucket/ch"), 3, "starts with https://, not s3:"),
    "channel-query": (channel("https://x.example/ch?x=1"), 3, "neither a name nor a URL"),
    "channel-fragment": (channel("https://x.example/ch#x"), 3, "neither a name nor a URL"),
    "channel-ipv6": (channel("'https://[::1/ch'"), 3, "neither a name nor a URL"),
    "channel-port": (channel("https://x.example:99999/ch"), 3, "neither a name nor a URL"),
    "channel-no-host": (channel("'https://'"), 3, "neither a name nor a URL"),
    "channel-spaces": (channel("a b"), 3, "'a b' is neither a name nor a URL"),
    "channel-bracket": (channel("'['"), 3, "'[' is neither a name nor a URL"),
    "channel-colons": (channel("a::b"), 3, "'a::b' is neither a name nor a URL"),
    "channel-at": (channel("'@'"), 3, "neither a name nor a URL"),
    "channel-empty": (channel("''"), 3, "an entry of 'channels' is empty"),
    "channel-null": (channel(""), 3, "an entry of 'channels' is empty"),
    "dependency-http-channel": (dependency("http://x.example/ch::numbers"), 3, "is not encrypted"),
    "dependency-ipv6": (dependency("'https://[::1/ch::numbers'"), 3, "no package spec"),
    "dependency-bad-channel": (dependency("'a b::c'"), 3, ""),
}

BROKEN = {
    "list-as-key": ("? [a]\n: b\n", 1, "the name before a colon is a list or a mapping"),
    "mapping-as-key": ("? {a: b}\n: c\n", 1, "the name before a colon is a list or a mapping"),
    "list-as-key-of-dependency": (dependency("? [a]\n    : b"), 3, "the name before a colon"),
    "list-as-variable": ("variables:\n  ? [a]\n  : b\n", 2, "the name before a colon"),
    "deep-list": (f"dependencies: {'[' * 500}{']' * 500}\n", 1, "more than 20 levels"),
    "deep-open-list": (f"x: {'[' * 200_000}\n", 1, "more than 20 levels"),
    "deep-mapping": (f"x: {'{a: ' * 500}{'}' * 500}\n", 1, "more than 20 levels"),
    "deep-blocks": ("\n".join(" " * n + "a:" for n in range(500)), 20, "more than 20 levels"),
    "deep-sequences": (f"x:\n  {'- ' * 500}a\n", 2, "more than 20 levels"),
    "selector-alone": (dependency("# [linux]"), 3, "an entry of 'dependencies' is empty"),
    "selector-below": ("dependencies:\n  -\n    # [linux]\n", 2, "is empty"),
    "selector-behind-nothing": (dependency("''  # [linux]"), 3, "is empty"),
    "selector-empty": (dependency("a  # [ ]"), 3, "is no platform selector"),
    "selector-long": (dependency(f"a  # [{'not ' * 5000}linux]"), 3, "is no platform selector"),
    "selector-brackets": (dependency(f"a  # [{'(' * 190}]"), 3, "is no platform selector"),
    "null-in-variable": ('variables:\n  A: "x\\0y"\n', 2, "control character U+0000"),
    "escape-in-variable": ('variables:\n  A: "x\\ey"\n', 2, "control character U+001B"),
    "surrogate-in-variable": ('variables:\n  A: "\\ud800"\n', 2, "control character U+D800"),
    "list-in-variable": ("variables:\n  A: [x]\n", 2, "is one line of text"),
    "raw-null": ("dependencies:\n  - a\0\n", 2, "control character U+0000"),
    "raw-escape": ("dependencies:\n  - a\x1b[31m\n", 2, "control character U+001B"),
    "null-in-dependency": (dependency('"a\\0"'), 3, "control character U+0000"),
    "surrogate-in-dependency": (dependency('"a\\udfff"'), 3, "control character U+DFFF"),
    "right-to-left": (dependency('"a \\u202e"'), 3, "control character U+202E"),
    "newline-in-dependency": (dependency('"a\\n::error::x"'), 3, "is one line of text"),
    "block-dependency": ("dependencies:\n  - |\n    a\n", 2, "is one line of text"),
    "folded-dependency": ("dependencies:\n  - >-\n    a\n  # [linux]\n", 2, "is one line of text"),
    "block-requirement": ("dependencies:\n  - pip:\n    - |\n      a\n", 3, "is one line of text"),
    "block-channel": ("channels:\n  - |\n    a\n", 2, "is one line of text"),
    "block-at-the-end": ("dependencies:\n  - |-\n    a", 2, "is one line of text"),
    "list-as-dependency": (dependency("[a, [b]]"), 3, "is one line of text"),
    "itself": ("dependencies: &a\n  - *a\n", 2, ""),
    "alias-of-nothing": (dependency("*nothing"), 3, "not YAML"),
    "two-documents": ("dependencies: [a]\n---\ndependencies: [b]\n", 2, "not YAML"),
    "long-dependency": (dependency("a" * 2000), 3, "longer than 1000 characters"),
    "nested-version": (dependency(f"a {'(' * 900}"), 3, ""),
    "nested-marker": (requirement(f"a; {'(' * 900}"), 3, ""),
    "list-as-cut-off": ("exclude-newer: [7d]\n", 1, "is one line of text"),
    "number-as-list": ("dependencies: 3\n", 1, "'dependencies' is a list"),
    "mapping-as-platform": ("platforms: [{a: b}]\n", 1, "is one line of text"),
}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [pytest.param(*case, id=name) for name, case in (PLACES | BROKEN).items()],
)
def test_refused_with_file_and_line(
    strata: Strata, project: Path, text: str, line: int, said: str
) -> None:
    (project / "environment.yml").write_text(text)
    for command in (("lock",), ("check",)):
        done = strata(*command)
        assert (done.returncode, done.stdout) == (3, "")
        refusal = next(one for one in done.stderr.splitlines() if "warning" not in one)
        assert refusal.startswith(f"error: environment.yml:{line}: ")
        assert said in refusal
        assert "Traceback" not in done.stderr
        assert all(c.isprintable() or c == "\n" for c in done.stderr)


def test_size_is_limited(strata: Strata, project: Path) -> None:
    (project / "environment.yml").write_text("dependencies:\n" + "  - a\n" * 300_000)
    done = strata("check")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: environment.yml is larger than 1 MB")


@pytest.mark.parametrize(
    "text",
    [
        f"x: {'[' * 100_000}",
        "subdirs: {? [a] : b}",
        "subdirs: 2001-99-99",
        "subdirs: {linux-64: {packages: {__cuda: 2001-99-99}}}",
        '"\\0": 1',
        "subdirs: \0",
        "x" * 2_000_000,
        "subdirs: &a [*a]",
        "subdirs: !!python/object:os.system x",
    ],
    ids=["deep", "list-as-key", "date", "date-as-version", "null", "raw-null", "large", "itself",
         "object"],
)  # fmt: skip
def test_virtual_packages(strata: Strata, project: Path, text: str) -> None:
    (project / "virtual-packages.yml").write_text(text)
    done = strata("check")
    assert (done.returncode, done.stdout) == (3, "")
    assert "virtual-packages.yml" in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "https://conda.anaconda.org/conda-forge::numbers >=1",
        "conda-forge::numbers",
        "numbers\n      >=1  # [linux]",
        "'numbers >=1'  # [linux]",
        "numbers  # see me@example.org, https://example.org/?token=x",
        "pip: ['rich @ https://files.pythonhosted.org/rich-14.0-py3-none-any.whl']",
        "pip: ['rich[jupyter] >=13; python_version < \"4\"']",
    ],
)
def test_what_is_fine(strata: Strata, project: Path, text: str) -> None:
    """None of the refusals above hits a file as people write it."""
    (project / "environment.yml").write_text(dependency(text))
    done = strata("check")
    assert (done.returncode, done.stderr) == (1, "error: strata.lock is missing\n  Run 'strata lock' to make it.\n")  # fmt: skip
