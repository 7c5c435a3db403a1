"""The main job, for real: a project, its lock, its image, its tests and its report."""
