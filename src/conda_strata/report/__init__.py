"""What people and other tools read of a lock: differences, sizes and exports.

May import: lock and above.
"""
