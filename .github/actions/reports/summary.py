"""Write the results of the tests for GitHub's job summary: those that failed first.

The results are a JUnit file of a pull request's tests, so nothing in it may become markup, a link or a
mention, and neither the file nor the summary may take much room.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

MOST_BYTES = 20 * 10**6
MOST_FAILED = 100
MOST_OTHERS = 10
_LONGEST = 200
_DEEPEST = 20

_RESULTS = {"failure": "failed", "error": "error", "skipped": "skipped"}
_ORDER = ("failed", "error", "skipped", "passed")
_WORDS = {"failed": "failed", "error": "errors", "skipped": "skipped", "passed": "passed"}
_HEAD = "| test | result | seconds | message |\n| --- | --- | ---: | --- |\n"


class UnreadableError(Exception):
    """Why a file shows no results."""


@dataclass
class Case:
    """What one test did."""

    name: str
    seconds: float
    result: str = "passed"
    message: str = ""


class _Reader:
    """Collects the tests of a JUnit file, without keeping its tree."""

    def __init__(self) -> None:
        self.tests: list[Case] = []
        self._depth = 0

    def start(self, tag: str, said: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError("its elements are nested too deep")
        if tag == "testcase":
            parts = [said.get("classname", ""), said.get("name", "")]
            name = "::".join(part[:_LONGEST] for part in parts if part)
            self.tests.append(Case(name, _seconds(said.get("time", ""))))
        elif tag in _RESULTS and self.tests and self.tests[-1].result == "passed":
            self.tests[-1].result = _RESULTS[tag]
            self.tests[-1].message = said.get("message", "")[: 2 * _LONGEST]

    def end(self, _: str) -> None:
        self._depth -= 1


def _seconds(said: str) -> float:
    """Return a number of seconds; 0 for what is none."""
    return float(said) if re.fullmatch(r"\d{1,7}(\.\d{1,9})?", said, re.ASCII) else 0


def _refuse(*_: object) -> NoReturn:
    raise UnreadableError("it has a document type, which JUnit files have not")


def read(text: bytes) -> list[Case]:
    """Return the tests in a JUnit file.

    Raises
    ------
    UnreadableError
        If it is none.
    """
    if len(text) > MOST_BYTES:
        raise UnreadableError(f"it is larger than {MOST_BYTES / 1e6:g} MB")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse  # entities could make any amount of text
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnreadableError(f"it is no XML: {error}") from None
    return reader.tests


def render(tests: Sequence[Case]) -> Iterator[str]:
    """Yield the lines of the summary."""
    counts = Counter(test.result for test in tests)
    said = ", ".join(f"{counts[r]:,} {_WORDS[r]}" for r in _ORDER if counts[r]) or "No tests"
    yield f"{said} in {sum(test.seconds for test in tests):.1f} s."
    if not tests:
        return
    bad = [test for test in tests if test.result in ("failed", "error")]
    others = [test for test in tests if test.result not in ("failed", "error")]
    slowest = sorted(others, key=lambda test: -test.seconds)[:MOST_OTHERS]
    shown = [*bad[:MOST_FAILED], *slowest]
    yield ""
    yield _HEAD + "\n".join(map(_row, shown))
    if left := len(tests) - len(shown):
        yield f"\n{left:,} more tests are not listed."


def _row(test: Case) -> str:
    result = f"**{test.result}**" if test.result in ("failed", "error") else test.result
    cells = [f"<code>{_text(test.name)}</code>", result, f"{test.seconds:.1f}", _text(test.message)]
    return f"| {' | '.join(cells)} |"


def _text(said: str) -> str:
    """Return text as HTML that shows it and does nothing else: only letters and digits stay."""
    line = " ".join(said.split())
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    return "".join(map(_letter, line))


def _letter(letter: str) -> str:
    if letter in " /-" or letter.isalnum():
        return letter
    return f"&#{ord(letter)};" if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"


def main() -> int:
    """Print the summary of the file that the command line names, which nobody else changes now."""
    file = Path(sys.argv[1])
    print("\n### Tests\n")
    if not file.is_file():
        print(f"There is no {file}. The log says how the tests ended.")
        return 0
    try:
        with file.open("rb") as stream:
            tests = read(stream.read(MOST_BYTES + 1))
    except UnreadableError as error:
        print(f"{file} cannot be read: {_text(str(error))}")
    else:
        print("\n".join(render(tests)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
