"""``strata lab``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from conda_strata.cli.commands import options

HELP = "open JupyterLab in the installed environment, with a token; in a container, print how"
EXAMPLE = "strata lab --port 8888"


@dataclass(frozen=True)
class Arguments:
    """What the command line says."""

    prefix: Path | None
    port: int
    words: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.add_prefix(parser)
    parser.add_argument(
        "--port",
        metavar="N",
        type=int,
        default=8888,
        help="where it listens; the next free one where that is taken (default: 8888)",
    )
    parser.add_argument(
        "words", metavar="OPTION", nargs="*", help="for JupyterLab itself, after '--'"
    )


def run(args: Arguments) -> int:
    """Become JupyterLab; on Windows, which has no such thing, run it and return its exit code."""
    import os
    import shutil
    import tempfile

    from conda_strata.cli import console
    from conda_strata.core import container, process
    from conda_strata.core.errors import UsageError
    from conda_strata.prefix import activation
    from conda_strata.spec import platforms, project

    prefix = activation.find_prefix(args.prefix)
    folder = "Scripts" if os.name == "nt" else "bin"
    if shutil.which("jupyter-lab", path=str(prefix / folder)) is None:
        raise UsageError(
            f"JupyterLab is not in {prefix}",
            "If environment-dev.yml lists it, run 'strata install --env dev'; "
            "else 'strata add --dev jupyterlab'.",
        )
    words = ["jupyter-lab", str(project.folder().resolve()), f"--port={args.port}"]
    if container.inside():
        # The port is published, or forwarded by the editor: the token is what protects it.
        words += ["--ip=0.0.0.0", "--no-browser"]
        if os.name != "nt" and os.getuid() == 0:
            words.append("--allow-root")  # who is root on the host, and gives --user "$(id -u):0"
        console.say(f"publish the port: docker run -p 127.0.0.1:{args.port}:{args.port} …")
    console.say("open the address with ?token= that JupyterLab prints; Control-C twice ends it")
    if os.name != "nt":
        # Nothing stands between signals and JupyterLab, so a folder in place of HOME stays behind.
        homeless = not os.access(Path.home(), os.W_OK)
        own = {"HOME": tempfile.mkdtemp(prefix="strata-lab-")} if homeless else {}
        command = activation.command(prefix, [*words, *args.words])
        os.execve(command[0], command, {**os.environ, **own})
    variables = activation.variables(prefix, platforms.current())
    program = shutil.which("jupyter-lab", path=variables["PATH"]) or "jupyter-lab"
    return process.call([program, *words[1:], *args.words], variables)
