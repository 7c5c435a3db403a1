"""``python -m conda_strata`` is ``strata``."""

from conda_strata.cli.main import entry

entry()
