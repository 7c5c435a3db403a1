"""The backend, py-rattler: its configuration, what its errors mean, and work-arounds for its limits.

May import: lock and above.
"""
