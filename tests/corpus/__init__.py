"""Environment files as people have them: what conda does with each, what strata does, and why."""
