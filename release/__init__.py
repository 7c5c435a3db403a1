"""A release of this repository: changelog, version, pins, tag, and the checked files.

``nox -s release -- 0.1.0`` prepares one here and publishes nothing; ``docs/how-to/release.md`` says
what comes then.
"""
