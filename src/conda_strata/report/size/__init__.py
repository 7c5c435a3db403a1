"""The size of an environment, what it depends on, and a limit."""
