"""Environments on the disk: installing a lock into a prefix, and activating it.

May import: rattler and above, but not solve.
"""
