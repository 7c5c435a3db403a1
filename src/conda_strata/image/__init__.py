"""Container images of an environment: the layer plan, deterministic layers, and pushing them.

May import: registry, prefix and above, but not solve.
"""
