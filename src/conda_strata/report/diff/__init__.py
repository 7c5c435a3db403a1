"""What differs between two locks, as text, Markdown and JSON."""
