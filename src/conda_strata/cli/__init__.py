"""The edge: words in, text and exit codes out. Only here is anything printed.

May import: every other room; nothing imports it.
"""
