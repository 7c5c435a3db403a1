"""Environment files made of what other tools have: requirements, ``pyproject.toml``, pixi, locks.

What has no counterpart is named, never dropped.
"""
