"""The documentation; its reference pages are made by :mod:`docs.reference_pages`."""
