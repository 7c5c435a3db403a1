"""Adoption: a repository that exists already gets what it lacks of the template."""
