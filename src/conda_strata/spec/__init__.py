"""What a project asks for: environment files, dependencies, platforms, virtual packages, cut-off.

May import: core.
"""
