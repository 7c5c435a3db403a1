"""What comes in is hostile: locks, packages, registries."""
