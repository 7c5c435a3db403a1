"""One lock for every platform from a loose environment.yml, and stable image layers from it."""
