"""Image registries: requests, manifests and blobs.

May import: rattler and above, but neither solve nor prefix.
"""
