{% if cookiecutter.example == 'yes' -%}
"""The analysis as a command: ``python -m {{ cookiecutter.package_name }}``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .bootstrap import RESAMPLES
from .cluster import ClusterError, connected
from .parts import PartsError
from .pipeline import run, run_part
from .validate import InvalidDataError


def main(words: Sequence[str] | None = None) -> int:
    """Run the analysis and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m {{ cookiecutter.package_name }}",
        description="Tell penguin species apart by four measurements, and report how well it works.",
        epilog="exit codes: 0 done, 1 the data are invalid, 2 a wrong option, or a file that cannot "
        "be read or written, 3 the cluster in DASK_SCHEDULER_ADDRESS cannot do the work",
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
    parser.add_argument(
        "--resamples", metavar="N", type=int, default=RESAMPLES, help="size of the bootstrap"
    )
    parser.add_argument(
        "--part",
        metavar="I/N",
        type=_part,
        default=argparse.SUPPRESS,
        help="compute only part I of N of the bootstrap, and no report",
    )
    parser.add_argument(
        "--parts",
        metavar="N",
        type=int,
        default=argparse.SUPPRESS,
        help="take the bootstrap from N such parts",
    )
    args = parser.parse_args(words)
    if args.resamples < 1:
        parser.error("--resamples is at least 1")
    if not args.data.is_file():
        parser.error(f"no such file: {args.data} (name the table with --data)")
    try:
        with connected(verbose=5 if sys.stderr.isatty() else 0):
            if "part" in args:
                print(f"Part: {run_part(args.data, args.out, args.resamples, *args.part)}")
                return 0
            metrics = run(args.data, args.out, args.resamples, getattr(args, "parts", None))
    except InvalidDataError as error:
        print(f"{args.data} is invalid:", *error.problems, sep="\n  ", file=sys.stderr)
        return 1
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 3
    except (OSError, PartsError) as error:
        parser.error(str(error))
    low, high = metrics["accuracy_interval"]
    print(
        f"{metrics['complete']} penguins, accuracy {metrics['accuracy']:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )
    print(f"Report: {args.out / 'report.html'}")
    return 0


def _part(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part such as 1/4")
    return int(part), int(parts)


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
