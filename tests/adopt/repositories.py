"""Repositories of five shapes, as people have them before they meet the template."""

from __future__ import annotations

import json
from pathlib import Path

MIT = """MIT License

Copyright (c) 2019 Ann Other

Permission is hereby granted, free of charge, to any person obtaining a copy
"""
GPL = "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n"
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})

SHAPES: dict[str, dict[str, str]] = {
    "environment": {
        "environment.yml": "name: bees\nchannels:\n  - conda-forge\n"
        "dependencies:\n  - python=3.12\n  - numpy\n  - pip:\n    - tinydb\nprefix: /home/ann/bees\n",
    },
    "data-science": {
        "README.md": "Bees of the valley\n==================\n",
        "LICENSE": MIT,
        "Makefile": "data:\n\tpython src/data/make_dataset.py\n",
        "requirements.txt": "# local package\n-e .\nclick\nSphinx>=7\npython-dotenv>=0.5.1\n",
        "setup.py": "from setuptools import setup\n"
        "setup(name='src', python_requires='>=3.8', install_requires=['click'])\n",
        "data/raw/.gitkeep": "",
        "notebooks/1.0-look.ipynb": NOTEBOOK,
        "reports/figures/.gitkeep": "",
        "src/__init__.py": "",
        "src/data/__init__.py": "",
        "src/data/make_dataset.py": "print('made')\n",
        ".gitignore": "__pycache__/\n.env\n/data/\n",
    },
    "scripts": {
        "clean.py": "import polars\n",
        "plot.R": "plot(1)\n",
        "Data Files/bees.csv": "a,b\n",
        "COPYING": GPL,
    },
    "package": {
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n\n[project]\n'
        'name = "beekeeper"\nversion = "1"\ndescription = "Keeps bees."\n'
        'requires-python = ">=3.11"\nlicense = "BSD-3-Clause"\n'
        'authors = [{ name = "Ann Other", email = "ann@example.org" }]\n'
        'dependencies = ["attrs>=23", "tomli; python_version<\'3.11\'"]\n',
        "src/beekeeper/__init__.py": "__version__ = '1'\n",
        "src/beekeeper/hive.py": "def hive(): ...\n",
        "tests/test_hive.py": "def test_hive(): ...\n",
        ".github/workflows/ci.yml": "on: push\njobs: {}\n",
        "README.rst": "Beekeeper\n=========\n",
    },
    "notebooks": {
        "requirements.txt": "matplotlib==3.9.0\npandas  # tables\n--index-url https://x.example\n",
        "one.ipynb": NOTEBOOK,
        "deep/two.ipynb": NOTEBOOK,
        "readme.md": "# All the bees\n\nText.\n",
        ".gitignore": "*.pyc",
        ".python-version": "3.13\n",
    },
}


def make(shape: str, folder: Path) -> Path:
    """Make a repository of this *shape* in *folder*."""
    for name, text in SHAPES[shape].items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder
