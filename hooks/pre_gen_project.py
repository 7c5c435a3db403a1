"""Refuse answers that cannot become a project, saying which rule failed; cookiecutter cleans up."""

import json
import keyword
import re
import sys
import unicodedata

# Jinja puts JSON here, which never has three quotation marks in a row: no answer can end this string.
ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

TEXTS = ("project_name", "description", "author_name")
PYTHON_VERSIONS = ("3.11", "3.12", "3.13", "3.14")

# A folder and a host in an image's name, as container registries define them.
NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
HOST = r"[a-z0-9]+(?:[.-]+[a-z0-9]+)*"

# They let a line look otherwise than it is read: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

WINDOWS = {"aux", "con", "nul", "prn", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}
STDLIB = sys.stdlib_module_names | {"annotationlib", "compression"}
# Modules that Python imports by itself at each start.
AT_START = {"sitecustomize", "usercustomize"}
PROJECT_FOLDERS = {"analyses", "conftest", "data", "reports", "src", "tests"}
STACK = {
    "dask",
    "distributed",
    "duckdb",
    "geopandas",
    "hatchling",
    "ipykernel",
    "jinja2",
    "jupyterlab",
    "lightgbm",
    "lightning",
    "matplotlib",
    "nbclient",
    "nbformat",
    "numpy",
    "pandas",
    "pip",
    "polars",
    "pre_commit",
    "pyarrow",
    "pytest",
    "rasterio",
    "rioxarray",
    "ruff",
    "scipy",
    "seaborn",
    "sklearn",
    "statsmodels",
    "tensorboard",
    "torch",
    "torchvision",
    "xarray",
}


def problems(answers):
    """Yield each broken rule: the question, the rule, an example of a good answer."""
    yield from text_problems(answers)
    yield from slug_problems(answers["project_slug"])
    yield from package_problems(answers["package_name"])
    yield from person_problems(answers["author_email"], answers["github_owner"])

    if answers["python_version"] not in PYTHON_VERSIONS:
        yield "python_version", f"is one of {', '.join(PYTHON_VERSIONS)}", "3.13"

    if not is_registry(answers["registry"]):
        yield (
            "registry",
            (
                "is a host in lower case, perhaps with a port and a path, without 'https://' "
                "and without a '/' at its end"
            ),
            "ghcr.io",
        )


def text_problems(answers):
    """Yield what is wrong with the answers that are shown as they are."""
    for key in TEXTS:
        if not is_line(answers[key]):
            yield (
                key,
                "is one line of text without control characters or spaces around it",
                "Penguin Study",
            )


def slug_problems(slug):
    """Yield what is wrong with the name of the folder and repository."""
    if not re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", slug) or len(slug) > 64:
        yield (
            "project_slug",
            "is at most 64 lower-case letters and digits, joined by single '-', '.' or '_'",
            "penguin-study",
        )
    elif slug.split(".")[0] in WINDOWS:
        yield "project_slug", "is a name that Windows allows for a folder", "penguin-study"
    elif slug.endswith((".git", ".wiki", ".atom")):
        yield "project_slug", "has no ending that GitHub keeps for itself", "penguin-study"


def package_problems(package):
    """Yield what is wrong with the name of the Python package."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", package) or len(package) > 40:
        yield (
            "package_name",
            "is at most 40 lower-case letters a-z, digits and '_', a letter first",
            "penguin_study",
        )
    elif keyword.iskeyword(package):
        yield "package_name", "is not a keyword of Python", "penguin_study"
    elif package in STDLIB:
        yield "package_name", "is not a module of Python's standard library", "penguin_study"
    elif package in AT_START:
        yield "package_name", "is not a module that Python imports at each start", "penguin_study"
    elif package in STACK:
        yield "package_name", "is not a package that the project itself uses", "penguin_study"
    elif package in PROJECT_FOLDERS:
        yield "package_name", "is not the name of another folder of the project", "penguin_study"


def person_problems(email, owner):
    """Yield what is wrong with the e-mail address and the GitHub account."""
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    local = r"[A-Za-z0-9!#$%&'*+/=?^_`|~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`|~-]+)*"
    if not re.fullmatch(rf"{local}@{label}(?:\.{label})+", email):
        yield "author_email", "is an e-mail address", "you@example.com"

    # A managed user's name ends with '_' and the short code of the company.
    account = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?:_[A-Za-z0-9]+)?"
    if not re.fullmatch(account, owner) or len(owner) > 39:
        yield (
            "github_owner",
            "is a GitHub account: at most 39 letters and digits, joined by single '-'",
            "octo-org",
        )


def is_line(text):
    """Tell whether *text* is one line of printable text, read in the order in which it is written."""
    hidden = {"Cc", "Cs", "Zl", "Zp"}
    return (
        bool(text)
        and text == text.strip()
        and not hidden & set(map(unicodedata.category, text))
        and not BIDIRECTIONAL & set(text)
    )


def is_registry(text):
    """Tell whether *text* is HOST[:PORT][/PATH], and the host no folder of Docker Hub."""
    parts = re.fullmatch(rf"({HOST})(?::([0-9]+))?(?:/{NAME})*", text)
    if not parts or len(text) > 128:
        return False
    host, port = parts.groups()
    return 0 < int(port) < 65536 if port else "." in host or host == "localhost"


FOUND = list(problems(ANSWERS))
for key, rule, example in FOUND:
    print(f"{key} {rule}, such as {example!r}; it is {ANSWERS[key]!r}", file=sys.stderr)
if FOUND:
    sys.exit("Nothing was written. Answer again: cookiecutter gh:leej3/ds-cookiecutter")
