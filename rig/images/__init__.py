"""Docker, the image registry, and the base images in it."""
