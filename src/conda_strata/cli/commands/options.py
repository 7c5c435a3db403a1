"""Options that several commands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from conda_strata.spec import project
from conda_strata.spec.manifest import DEFAULT

LOCK = Path("strata.lock")


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add ``-f``: the environment files."""
    parser.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        dest="files",
        type=Path,
        action="append",
        help="environment file; again for each further one "
        "(default: environment.yml and environment-*.yml)",
    )


def add_lock(parser: argparse.ArgumentParser) -> None:
    """Add ``--lock``: the lock file."""
    parser.add_argument(
        "--lock",
        metavar="FILE",
        type=Path,
        default=project.folder() / LOCK,
        help="lock file; pixi.lock and conda-lock.yml are read too (default: strata.lock)",
    )


def add_environment(parser: argparse.ArgumentParser) -> None:
    """Add ``--env``: one environment of the lock."""
    parser.add_argument(
        "--env",
        metavar="NAME",
        default=os.environ.get("STRATA_ENV", DEFAULT),
        help="environment: 'default' (environment.yml) or NAME (environment-NAME.yml); "
        "default: $STRATA_ENV, else 'default'",
    )


def add_platform(parser: argparse.ArgumentParser) -> None:
    """Add ``--platform``: one platform, this machine's by default."""
    parser.add_argument(
        "--platform",
        metavar="P",
        help="platform, such as linux-64 or linux/amd64 (default: this machine's)",
    )


def add_platforms(parser: argparse.ArgumentParser, usual: str = "this machine's") -> None:
    """Add ``--platform``, which may be repeated: the *usual* ones by default."""
    parser.add_argument(
        "--platform",
        metavar="P",
        dest="platforms",
        action="append",
        default=[],
        help=f"platform, such as linux-64 or linux/amd64; may be repeated (default: {usual})",
    )


def add_prefix(parser: argparse.ArgumentParser) -> None:
    """Add ``--prefix``: an environment that is installed."""
    parser.add_argument(
        "--prefix",
        metavar="DIR",
        type=Path,
        help="the environment (default: $STRATA_PREFIX, else .conda, else the active one)",
    )


def add_own_prefix(parser: argparse.ArgumentParser) -> None:
    """Add ``--prefix``: the project's environment, which need not be installed."""
    named = os.environ.get("STRATA_PREFIX")
    parser.add_argument(
        "--prefix",
        metavar="DIR",
        type=Path,
        default=Path(named) if named else project.folder() / ".conda",
        help="default: $STRATA_PREFIX, which the image sets, else .conda",
    )


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add ``--yes``."""
    parser.add_argument(
        "--yes",
        action="store_true",
        help="do not ask before more packages are removed than installed",
    )


def add_max_layers(parser: argparse.ArgumentParser) -> None:
    """Add ``--max-layers``."""
    parser.add_argument(
        "--max-layers",
        metavar="N",
        type=int,
        default=96,
        help="number of layers at most (default and limit: 96)",
    )


def add_image_prefix(parser: argparse.ArgumentParser) -> None:
    """Add ``--prefix``: an environment in an image."""
    parser.add_argument(
        "--prefix",
        metavar="DIR",
        default="/opt/env",
        help="where the environment lives in the image (default: /opt/env)",
    )


def add_slim(parser: argparse.ArgumentParser) -> None:
    """Add ``--slim``."""
    parser.add_argument(
        "--slim",
        action="store_true",
        help="leave out static libraries, headers, manuals, source maps and modules of tests",
    )


def add_format(parser: argparse.ArgumentParser, markdown: str, json: str) -> None:
    """Add ``--format`` and ``--json``, of which one is meant.

    Parameters
    ----------
    parser
        Of the command.
    markdown, json
        What they are for, and what they hold.
    """
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--format",
        choices=("text", "markdown"),
        default="text",
        help=f"markdown is for {markdown} (default: text)",
    )
    group.add_argument("--json", action="store_true", help=f"print the result as JSON: {json}")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
