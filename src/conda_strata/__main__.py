"""``python -m conda_strata`` is ``strata``."""

from conda_strata.cli import entry

entry()
