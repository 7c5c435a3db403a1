"""Files that strata takes."""

from __future__ import annotations

from tests.corpus.case import LEFT_OUT, REFUSED, Case


def deps(*specs: str) -> str:
    """Return an environment file with *specs*."""
    return "dependencies:\n" + "".join(f"  - {spec}\n" for spec in specs)


def pip(*lines: str) -> str:
    """Return an environment file with *lines* in its ``pip:`` list."""
    return deps("python", "pip:") + "".join(f"      - {line}\n" for line in lines)


_PINS = tuple(f"lib-{number} =1.{number}" for number in range(300))
_WHY_SELECTOR = "conda reads the comment as a comment and installs the package everywhere"
_WHY_PLATFORM = "conda knows no condition here, and drops the entry without a word"

TAKEN_FILES = [
    Case("names only", deps("python", "numpy"), specs=("python", "numpy")),
    Case("fuzzy version", deps("python=3.12"), specs=("python=3.12",)),
    Case("version with spaces", deps("python = 3.12"), specs=("python = 3.12",)),
    Case("exact version", deps("python==3.12.1"), specs=("python==3.12.1",)),
    Case("version behind a space", deps("python 3.12.*"), specs=("python 3.12.*",)),
    Case("range", deps("'numpy>=1.26,<3'"), specs=("numpy>=1.26,<3",)),
    Case("range with spaces", deps("numpy >=1.26, <3"), specs=("numpy >=1.26, <3",)),
    Case("alternatives", deps("numpy 1.26.*|2.*"), specs=("numpy 1.26.*|2.*",)),
    Case("exclusion", deps("numpy !=2.0.1"), specs=("numpy !=2.0.1",)),
    Case("compatible release", deps("numpy ~=2.1"), specs=("numpy ~=2.1",)),
    Case("wildcard inside", deps("numpy=2.*"), specs=("numpy=2.*",)),
    Case("star without a dot", deps("numpy 2.1*"), specs=("numpy 2.1*",)),
    Case("build string", deps("numpy=2.1.0=py312h_0"), specs=("numpy=2.1.0=py312h_0",)),
    Case("build pattern", deps("numpy 2.* *_openblas"), specs=("numpy 2.* *_openblas",)),
    Case("build with spaces about '='", deps("numpy = 2.1 = h_0"), specs=("numpy=2.1=h_0",)),
    Case(
        "'='-version and any build",
        deps("python=3.12.*=*_cpython"),
        specs=("python=3.12.*=*_cpython",),
    ),
    Case(
        "fields in brackets",
        deps("'numpy[version=\">=2\", build=py*]'"),
        specs=('numpy[version=">=2", build=py*]',),
    ),
    Case(
        "build number in brackets",
        deps("'numpy[version=2.1, build_number=\">=2\"]'"),
        specs=('numpy[version=2.1, build_number=">=2"]',),
    ),
    Case(
        "hash in brackets",
        deps(f"numpy[md5={'0' * 32}]"),
        specs=(f"numpy[md5={'0' * 32}]",),
    ),
    Case("channel of one package", deps("bioconda::samtools"), specs=("bioconda::samtools",)),
    Case("channel and version", deps("conda-forge::numpy>=2"), specs=("conda-forge::numpy>=2",)),
    Case("wildcard behind '>'", deps("numpy >2.*"), specs=("numpy >2",)),
    Case("wildcard behind '>='", deps("numpy >=2.*"), specs=("numpy >=2",)),
    Case("three '='", deps("numpy===2.1"), specs=("numpy==2.1",)),
    Case("'=' and nothing", deps("numpy="), specs=("numpy",)),
    Case("epoch", deps("numpy >=1!2.0"), specs=("numpy >=1!2.0",)),
    Case(
        "range in parentheses",
        deps("numpy (>=1.26,<3)"),
        "leaves the range out",
        ("numpy (>=1.26,<3)",),
        why="it cannot be meant so",
    ),
    Case(
        "channel of two parts",
        deps("team/project::numpy"),
        specs=("team/project::numpy",),
    ),
    Case("upper case", deps("NumPy", "PyYAML=6"), specs=("NumPy", "PyYAML=6")),
    Case("quotes", deps('"numpy"', "'pandas>=2'"), specs=("numpy", "pandas>=2")),
    Case(
        "spaces about a name",
        deps("' numpy '"),
        REFUSED,
        ("numpy",),
        why="nothing else can be meant",
    ),
    Case("comment behind a dependency", deps("numpy  # for arrays"), specs=("numpy",)),
    Case("remark in brackets", deps("numpy  # see [1]"), specs=("numpy",)),
    Case(
        "selector", deps("numpy", "pywin32  # [win]"), specs=("numpy", "pywin32"), why=_WHY_SELECTOR
    ),
    Case(
        "selector behind 'pip:'",
        deps("python", "pip:  # [linux]") + "      - a\n",
        specs=("python", "a"),
        why=_WHY_SELECTOR,
    ),
    Case(
        "'sel(linux):' of mamba and unidep",
        deps("sel(linux): numpy"),
        LEFT_OUT,
        ("numpy",),
        why=_WHY_PLATFORM,
    ),
    Case(
        "'if:' and 'then:' of CEP 24",
        "dependencies:\n  - if: win\n    then: [pywin32]\n",
        LEFT_OUT,
        ("pywin32",),
        why=_WHY_PLATFORM,
    ),
    Case(
        "'else:' of CEP 24",
        "dependencies:\n  - if: win\n    then: a\n    else: b\n",
        LEFT_OUT,
        ("a", "b"),
        why=_WHY_PLATFORM,
    ),
    Case(
        "export with 'prefix:'",
        deps("numpy=2.1.0=h_0") + "prefix: /opt/conda/envs/me\n",
        specs=("numpy=2.1.0=h_0",),
        said="'prefix' is not used by strata",
    ),
    Case(
        "'name: null'",
        "name: null\n" + deps("numpy"),
        REFUSED,
        ("numpy",),
        why="the name is not used",
    ),
    Case(
        "unknown key",
        "category: main\n" + deps("numpy"),
        specs=("numpy",),
        said="'category' is not used by strata",
    ),
    Case(
        "'defaults'",
        "channels: [defaults]\n" + deps("numpy"),
        specs=("numpy",),
        said="'defaults' are the channels of Anaconda",
    ),
    Case(
        "'defaults' behind conda-forge",
        "channels: [conda-forge, defaults]\n" + deps("numpy"),
        specs=("numpy",),
        said="'defaults' are the channels of Anaconda",
    ),
    Case(
        "'defaults::'",
        deps("defaults::numpy"),
        specs=("https://repo.anaconda.com/pkgs/main::numpy",),
    ),
    Case(
        "'pkgs/main::'",
        deps("pkgs/main::numpy"),
        specs=("https://repo.anaconda.com/pkgs/main::numpy",),
    ),
    Case(
        "'nodefaults'",
        "channels: [conda-forge, nodefaults]\n" + deps("numpy"),
        "from 26.7 on: takes it for a channel",
        ("numpy",),
        why="other tools and older conda read it as 'no defaults'",
    ),
    Case(
        "bioconda",
        "channels: [conda-forge, bioconda]\n" + deps("samtools =1.20"),
        specs=("samtools =1.20",),
    ),
    Case(
        "CUDA with the channels of that time",
        "channels: [pytorch, nvidia/label/cuda-12.1.0, conda-forge]\n"
        + deps("pytorch", "pytorch-cuda=12.1"),
        specs=("pytorch", "pytorch-cuda=12.1"),
    ),
    Case(
        "channel by URL",
        "channels: ['https://conda.anaconda.org/conda-forge/']\n" + deps("numpy"),
        specs=("numpy",),
    ),
    Case(
        "one channel in two spellings",
        "channels: [conda-forge, 'https://conda.anaconda.org/conda-forge/']\n" + deps("numpy"),
        specs=("numpy",),
    ),
    Case(
        "R",
        "channels: [conda-forge]\n" + deps("r-base =4.4", "r-tidyverse", "r-sf"),
        specs=("r-base =4.4", "r-tidyverse", "r-sf"),
    ),
    Case("300 pinned lines", deps(*_PINS), specs=_PINS),
    Case("no dependencies", "dependencies: []\n", specs=()),
    Case(
        "empty value",
        "dependencies:\n",
        REFUSED,
        (),
        why="an empty value is an empty list",
    ),
    Case(
        "null as a list",
        "channels: null\ndependencies: ~\n",
        REFUSED,
        (),
        why="as above",
    ),
    Case("empty 'pip:'", deps("python", "pip:"), specs=("python",)),
    Case("null as 'pip:'", deps("python", "pip: ~"), specs=("python",)),
    Case("byte-order mark", b"\xef\xbb\xbf" + deps("numpy").encode(), specs=("numpy",)),
    Case("UTF-16, as PowerShell's '>' writes", deps("numpy").encode("utf-16"), specs=("numpy",)),
    Case("CRLF", deps("numpy", "pandas").replace("\n", "\r\n").encode(), specs=("numpy", "pandas")),
    Case("no line end at the end", deps("numpy").rstrip(), specs=("numpy",)),
    Case(
        "flow style",
        "{name: x, dependencies: [numpy, 'pandas >=2']}\n",
        specs=("numpy", "pandas >=2"),
    ),
    Case("document marker", "---\n" + deps("numpy"), specs=("numpy",)),
    Case("anchor and alias", deps("&n numpy", "*n"), specs=("numpy", "numpy")),
    Case(
        "merged key",
        "x-all: &a\n  dependencies: [numpy]\n<<: *a\n",
        specs=("numpy",),
        said="'x-all' is not used by strata",
    ),
    Case("variables", deps("numpy") + "variables:\n  A: 1\n  B: 'x y'\n", specs=("numpy",)),
    Case(
        "variables that YAML takes for other types",
        deps("numpy") + "variables:\n  A: true\n  B: 010\n  C: 1.10\n",
        specs=("numpy",),
        why="strata keeps the text; conda sets what YAML makes of it: True, 10 and 1.1",
    ),
    Case("virtual package", deps("__glibc >=2.17", "numpy"), specs=("__glibc >=2.17", "numpy")),
    Case(
        "pip: names and versions",
        pip("rich", "'httpx >=0.27'"),
        specs=("python", "rich", "httpx >=0.27"),
    ),
    Case("pip: extras", pip("'uvicorn[standard]'"), specs=("python", "uvicorn[standard]")),
    Case(
        "pip: marker",
        pip("\"tomli; python_version < '3.11'\""),
        specs=("python", "tomli; python_version < '3.11'"),
    ),
    Case(
        "pip: requirements file",
        pip("-r requirements.txt"),
        specs=("python", "rich", "httpx"),
        files={"requirements.txt": "rich  # text\n-r more.txt\n", "more.txt": "httpx\n"},
    ),
    Case(
        "pip: requirements file as a URL",
        pip("'-r file:requirements.txt'"),
        REFUSED,
        ("python", "rich"),
        why="answers on the web show it so, and nothing else can be meant",
        files={"requirements.txt": "rich\n"},
    ),
    Case(
        "pip: constraints",
        pip("-c limits.txt", "rich"),
        specs=("python", "rich"),
        files={"limits.txt": "rich <14\n"},
    ),
    Case(
        "pip: hashes",
        pip("-r requirements.txt"),
        specs=("python", "rich==14.0"),
        files={"requirements.txt": f"rich==14.0 \\\n  --hash=sha256:{'0' * 64}\n"},
    ),
    Case(
        "pip: another index",
        pip("--extra-index-url https://example.org/simple", "rich"),
        specs=("python", "rich"),
        why="uv takes a package from the first index that has it, pip "
        "the newest of all, which lets a stranger's package take the place of yours",
    ),
    Case(
        "pip: only that index",
        pip("--index-url=https://example.org/simple", "rich"),
        specs=("python", "rich"),
    ),
    Case(
        "pip: find-links",
        pip("-f https://example.org/wheels.html", "rich"),
        specs=("python", "rich"),
    ),
    Case("pip: early versions", pip("--pre", "rich"), specs=("python", "rich")),
    Case(
        "pip: sources only",
        pip("docrep ==0.3.2") + "build: [docrep]\n",
        specs=("python", "docrep ==0.3.2"),
        why="what is not named there is never built; conda leaves the key out and pip builds all",
    ),
    Case(
        "pip: archive of a commit, to be built",
        pip("x @ https://github.com/me/x/archive/0123456789012345678901234567890123456789.tar.gz")
        + "build: [x]\n",
        specs=(
            "python",
            "x @ https://github.com/me/x/archive/0123456789012345678901234567890123456789.tar.gz",
        ),
        why="the lock has its hash; conda leaves the key out and pip builds it without one",
    ),
    Case(
        "pip: wheel by name and URL",
        pip("x @ https://example.org/x-1.0-py3-none-any.whl"),
        specs=("python", "x @ https://example.org/x-1.0-py3-none-any.whl"),
    ),
    Case(
        "pip: wheel by URL",
        pip("https://example.org/x-1.0-py3-none-any.whl"),
        specs=("python", "x @ https://example.org/x-1.0-py3-none-any.whl"),
    ),
    Case(
        "pip: your own code",
        pip("-e .", "rich"),
        specs=("python", "rich"),
        said="your own code is not locked",
        why="code that changes has no hash; what its pyproject.toml requires is locked",
    ),
    Case(
        "pip: your own code and its extra",
        pip("'.[plots]'"),
        specs=("python", "rich", "bokeh"),
        said="your own code is not locked",
        why="as above",
        files={
            "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['rich']\n"
            "[project.optional-dependencies]\nplots = ['bokeh']\n"
        },
    ),
    Case(
        "several files",
        deps("numpy"),
        "takes one file",
        specs=("numpy", "pytest"),
        why="each environment-NAME.yml is an environment that contains the first",
        files={"environment-dev.yml": deps("pytest")},
    ),
]
