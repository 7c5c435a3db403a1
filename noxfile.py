"""The project's tasks; ``nox -l`` lists them."""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
HERE = Path(__file__).parent


def _install(session: nox.Session, group: str) -> None:
    session.install("-e.", *nox.project.dependency_groups(PYPROJECT, group))


@nox.session
def demo(session: nox.Session) -> None:
    """Do the main job once, for real: project, lock, image, tests, report, one package more."""
    _install(session, "rig")
    session.install("cookiecutter>=2.6")
    session.run("python", "-m", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests but those of clusters, or those named.

    ``-- tests`` needs no Docker, ``-- integration`` does.
    """
    _install(session, "test")
    # The tests start strata thousands of times, and Python may have been told to write no bytecode.
    session.run("python", "-m", "compileall", "-q", "src")
    # One process has the rig; the other runs everything else beside it.
    together = ["--numprocesses=2", "--dist=loadgroup", "--durations=15", "-m", "not clusters"]
    session.run("pytest", *(session.posargs or together))


@nox.session
def clusters(session: nox.Session) -> None:
    """Run the analysis on SLURM and on several containers; SLURM needs Debian and root."""
    _install(session, "test")
    session.run("pytest", *(session.posargs or ["-m", "clusters"]))


@nox.session
def examples(session: nox.Session) -> None:
    """Run the examples of data larger than memory, on an S3 server and with a limit of memory.

    They need large packages of their own, so ``tests`` does not run them.
    """
    _install(session, "test")
    session.run("pytest", *(session.posargs or ["integration/data/larger_than_memory.py"]))


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which lines the tests without Docker run, those of the commands that they start too."""
    _install(session, "coverage")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *(session.posargs or ["tests"]))
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and spelling, and the workflows of this repository."""
    _install(session, "test")
    session.install("nox")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports", "--no-cache")
    session.run("zizmor", "--offline", "--pedantic", "--quiet", ".github")
    workflows = [str(path) for path in (HERE / ".github/workflows").glob("*.yml")]
    session.run("actionlint", *workflows)
    session.run("codespell")
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


@nox.session
def docs(session: nox.Session) -> None:
    """Write what the documentation takes from the code: commands' options, the rooms' picture."""
    session.install("-e.", "import-linter>=2.5")
    session.run("python", "-m", "docs.reference_pages")
    session.run("python", "-m", "docs.questions")
    session.run("python", "-m", "docs.rooms")


@nox.session
def pictures(session: nox.Session) -> None:
    """Make the pictures of the documentation and the READMEs, in Chromium; look at them."""
    _install(session, "pictures")
    session.run("python", "-m", "docs.pictures")


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation's site into ``docs/_build``; a warning is an error."""
    _install(session, "site")
    session.install("pytest>=9")
    output = HERE / "docs/_build/html"
    # All pages are read each time: a link can break on a page that did not change.
    words = ["--fresh-env", "--fail-on-warning", "--keep-going", "--jobs=auto"]
    session.run("python", "-m", "sphinx", *words, "docs", str(output), *session.posargs)
    session.run("pytest", "--noconftest", "--quiet", "tests/docs/test_site.py")
    session.log(f"Open {output / 'index.html'}; its search needs no server")


@nox.session
def links(session: nox.Session) -> None:
    """Follow the pages' links to other sites; needs the network."""
    _install(session, "site")
    output = HERE / "docs/_build/links"
    session.run("python", "-m", "sphinx", "--builder=linkcheck", "docs", str(output))


@nox.session
def build(session: nox.Session) -> None:
    """Build the sdist and the wheel into ``dist`` and check them: ``-- --tag v0.1.0``."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "release"))
    session.run("python", "-m", "release", "build", *session.posargs)


@nox.session
def notes(session: nox.Session) -> None:
    """Write ``notes.md``, what the changelog says of a version: ``-- v0.1.0``."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "release"))
    said = session.run("python", "-m", "release", "notes", *session.posargs, silent=True)
    (HERE / "notes.md").write_text(str(said), "utf-8")


@nox.session
def release(session: nox.Session) -> None:
    """Prepare a release: changelog, pins, commit, tag, checked files: ``-- 0.1.0``."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "release"))
    session.run("python", "-m", "release", "prepare", *session.posargs)


@nox.session
def pin(session: nox.Session) -> None:
    """Let new projects and the pages use a commit of main, until the next release: ``-- COMMIT``."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "release"))
    session.run("python", "-m", "release", "pin", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure all that the documentation claims, or run one script: ``-- replay FOLDER``."""
    _install(session, "bench")
    names = sorted(path.stem for path in (HERE / "benchmarks").glob("[!_]*.py"))
    every = [[name] for name in names] + [["image", "--link", "100mbit,20ms"]]
    failed = []
    for words in [session.posargs] if session.posargs else every:
        try:
            session.run("python", "-m", f"benchmarks.{words[0]}", *words[1:])
        except nox.command.CommandFailed:
            failed.append(" ".join(words))
    if failed:
        session.error(f"failed: {', '.join(failed)}")
