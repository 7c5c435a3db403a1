"""From an environment file to a lock: conda packages by rattler, wheels by uv.

May import: rattler and above.
"""
