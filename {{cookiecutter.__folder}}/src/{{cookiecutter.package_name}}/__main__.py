{% if cookiecutter.example == 'yes' -%}
"""The analysis as a command: ``python -m {{ cookiecutter.package_name }}``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .pipeline import run
from .validate import InvalidDataError


def main(words: Sequence[str] | None = None) -> int:
    """Run the analysis and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m {{ cookiecutter.package_name }}",
        description="Tell penguin species apart by four measurements, and report how well it works.",
        epilog="exit codes: 0 done, 1 the data are invalid, 2 a wrong option, or a file that cannot be read or written",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    data = Path("data/raw/penguins.csv")
    parser.add_argument("--data", metavar="FILE", type=Path, default=data, help="table to analyse")
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("reports"),
        help="where metrics.json, the figures and report.html go",
    )
    args = parser.parse_args(words)
    if not args.data.is_file():
        parser.error(f"no such file: {args.data} (name the table with --data)")
    try:
        metrics = run(args.data, args.out)
    except InvalidDataError as error:
        print(f"{args.data} is invalid:", *error.problems, sep="\n  ", file=sys.stderr)
        return 1
    except OSError as error:
        parser.error(str(error))
    print(f"{metrics['complete']} penguins, accuracy {metrics['accuracy']:.1%}")
    print(f"Report: {args.out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
{%- else -%}
"""The analysis as a command: ``python -m {{ cookiecutter.package_name }}``."""

import sys


def main() -> int:
    """Run the analysis and return the exit code."""
    print("There is no analysis yet: call it in __main__.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())
{%- endif %}
