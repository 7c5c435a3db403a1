"""The lock: its model, its file, whether it is up to date, and what changed between two.

May import: pypi and above. Nothing here solves, installs or speaks to a network.
"""
