"""The command line: `python -m rig up`, `down` and `status`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rig.lifecycle import answer, down, status, up
from rig.machine.errors import RigError

ABOUT = """\
The cloud on one machine, for the demo, the end-to-end tests and the benchmarks:

  Docker     the daemon that is here; on a bare Debian 12, as root, one is installed and started
  registry   an image registry on 127.0.0.1, port 5000 when that is free
  images     a minimal Debian 12, with and without Python, in place of the public base images
  channel    a conda channel of some 150 real packages, made from PyPI wheels and this Python;
             with Python 3.11, for linux-64 and linux-aarch64
"""
MORE = """\
The first `up` takes two minutes or so and fetches about 800 MB from PyPI and Debian; later ones take
a second or two. Everything heavy is in $RIG_CACHE, $XDG_CACHE_HOME/ds-cookiecutter-rig or
~/.cache/ds-cookiecutter-rig; delete that folder after `down` to start afresh.

examples:
  python -m rig up                  bring up what is missing, print what there is
  python -m rig up --no-docker      only the conda channel
  python -m rig status --json       the same values for a script
  python -m rig down                stop what `up` started; a Docker daemon of yours stays

Exit codes: 0 done (status: up), 1 not done (status: down), 2 wrong usage, 130 interrupted.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "up":
            _show(answer(up(docker=not options.no_docker)))
        elif options.command == "down":
            down()
        else:
            found = status()
            if options.json:
                print(json.dumps(found, indent=2))
            else:
                _show(found)
            return 0 if found["up"] else 1
    except RigError as error:
        print(f"rig: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rig",
        description=ABOUT,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("up", help="bring up what is missing, print what there is")
    start.add_argument("--no-docker", action="store_true", help="only the conda channel")
    commands.add_parser("down", help="stop what `up` started")
    show = commands.add_parser("status", help="say what is up, starting nothing")
    show.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _show(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, (list, tuple)):
            value = " ".join(value)
        print(f"{name:<15} {'-' if value is None else value}")


if __name__ == "__main__":
    raise SystemExit(main())
