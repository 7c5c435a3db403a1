"""Packages from a Python index: wheels, their tags, their names in conda, and the program uv.

May import: spec and above.
"""
