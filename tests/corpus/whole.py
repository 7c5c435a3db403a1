"""Whole files of the kinds that courses, papers, workflows and laboratories have."""

from __future__ import annotations

from tests.corpus.case import LEFT_OUT, Case

_WHOLE = "whole file: "

WHOLE_FILES = [
    Case(
        _WHOLE + "a course, with commented lines and a note behind each",
        """\
# conda env create -f environment.yml   (about 5 minutes)
# conda activate course

name: course-2026      # any name

channels:
  - conda-forge        # first!
# - defaults
dependencies:
  - python=3.12        # 3.13 not yet: see #41
  - jupyterlab>=4,<5   # [1] the notebook
# - spyder
  #- pymc
  - numpy              # arrays [2]
""",
        specs=("python=3.12", "jupyterlab>=4,<5", "numpy"),
    ),
    Case(
        _WHOLE + "a laboratory's export of years ago, from Windows",
        "name: lab\r\nchannels:\r\n  - defaults\r\n  - https://repo.anaconda.com/pkgs/r\r\n"
        "dependencies:\r\n  - blas=1.0=mkl\r\n  - ca-certificates=2020.12.8=haa95532_0\r\n"
        "  - vs2015_runtime=14.27.29016=h5e58377_2\r\n  - pip:\r\n"
        "    - pywin32==228; sys_platform == 'win32'\r\n"
        "prefix: C:\\Users\\me\\anaconda3\\envs\\lab\r\n\r\n",
        specs=(
            "blas=1.0=mkl",
            "ca-certificates=2020.12.8=haa95532_0",
            "vs2015_runtime=14.27.29016=h5e58377_2",
            "pywin32==228; sys_platform == 'win32'",
        ),
        said="'defaults' are the channels of Anaconda",
    ),
    Case(
        _WHOLE + "a rule of a workflow, one line of packages",
        "channels: [conda-forge, bioconda, nodefaults]\n"
        "dependencies: [bioconda::bwa-mem2 =2.2.1, 'samtools >=1.19,<2', pigz]\n",
        conda="from 26.7 on: takes nodefaults for a channel",
        specs=("bioconda::bwa-mem2 =2.2.1", "samtools >=1.19,<2", "pigz"),
        why="other tools and older conda read it as 'no defaults'",
    ),
    Case(
        _WHOLE + "a paper with R and Bioconductor",
        """\
channels:
  - conda-forge
  - bioconda
  - r
dependencies:
  - r-base=4.3.*
  - r-essentials
  - bioconductor-deseq2>=1.42,<2
  - r-devtools=2.4.*=r43*
  - rpy2  # calls R from Python
""",
        specs=(
            "r-base=4.3.*",
            "r-essentials",
            "bioconductor-deseq2>=1.42,<2",
            "r-devtools=2.4.*=r43*",
            "rpy2",
        ),
    ),
    Case(
        _WHOLE + "a model trained on CUDA, with wheels from its own index",
        """\
channels: [nvidia/label/cuda-12.4.0, conda-forge]
dependencies:
  - python=3.11
  - nvidia/label/cuda-12.4.0::cuda-nvcc
  - pip
  - pip:
      - --extra-index-url https://download.pytorch.org/whl/cu124
      - torch==2.5.1+cu124
      - "transformers[torch]>=4.46 ; python_version >= '3.9'"
      - bitsandbytes  # [linux]
""",
        specs=(
            "python=3.11",
            "nvidia/label/cuda-12.4.0::cuda-nvcc",
            "pip",
            "torch==2.5.1+cu124",
            "transformers[torch]>=4.46 ; python_version >= '3.9'",
            "bitsandbytes",
        ),
        why="a selector limits the wheel to Linux; conda reads it as a comment",
    ),
    Case(
        _WHOLE + "a library tested on GitHub, its lists in several files",
        """\
name: test
channels:
- conda-forge
dependencies:
- python>=3.11
- pip
- pip:
  - -r requirements/test.txt
  - --constraint=requirements/limits.txt
  - -e .[test]
""",
        specs=("python>=3.11", "pip", "pytest>=8", "hypothesis"),
        said="your own code is not locked",
        why="code that changes has no hash; what its pyproject.toml requires is locked",
        files={
            "requirements/test.txt": "pytest>=8\nhypothesis  # random data\n",
            "requirements/limits.txt": "numpy<3\n",
            "setup.py": "",
        },
    ),
    Case(
        _WHOLE + "anchors that hold what two lists share",
        """\
x-common: &common
  - numpy
  - &pinned pandas=2.2
channels: &channels [conda-forge]
dependencies:
  - python
  - *pinned
x-channels: *channels
""",
        specs=("python", "pandas=2.2"),
        said="'x-common' is not used by strata",
    ),
    Case(
        _WHOLE + "a service, in mamba's words for its platforms",
        """\
channels: [conda-forge]
dependencies:
  - python >=3.11
  - sel(unix): uvloop
  - sel(win): [pywin32, colorama]
""",
        conda=LEFT_OUT,
        specs=("python >=3.11", "uvloop", "pywin32", "colorama"),
        why="conda knows no condition here, and drops the entry without a word",
    ),
    Case(
        _WHOLE + "conda-lock's sources, with category, platforms and extras",
        """\
channels: [conda-forge]
dependencies:
  - python =3.12
  - conda-lock >=3
  - libblas * *openblas
platforms: [linux-64, osx-arm64, win-64]
category: dev
extras: [docs]
pip-repositories: [https://pypi.example.org/simple]
""",
        specs=("python =3.12", "conda-lock >=3", "libblas * *openblas"),
        said="'category' is not used by strata",
    ),
    Case(
        _WHOLE + "geodata, everything pinned by version alone, with variables",
        """\
---
name: geo
channels:
  - conda-forge/label/gdal_dev
  - conda-forge
dependencies:
  - gdal==3.9.2
  - libgdal-arrow-parquet 3.9.*
  - proj>=9.4,!=9.4.1
  - "geopandas[version='>=1,<2']"
  - xarray >=2024.1
variables:
  GDAL_DATA: ""
  PROJ_NETWORK: "OFF"
  GDAL_NUM_THREADS: ALL_CPUS
...
""",
        specs=(
            "gdal==3.9.2",
            "libgdal-arrow-parquet 3.9.*",
            "proj>=9.4,!=9.4.1",
            "geopandas[version='>=1,<2']",
            "xarray >=2024.1",
        ),
    ),
]
