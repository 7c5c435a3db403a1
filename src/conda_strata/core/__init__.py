"""What every other room stands on: errors, URLs, atomic writes, child processes, text.

May import: nothing of conda_strata.
"""
