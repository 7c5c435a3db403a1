"""The conda channel: real packages made from locked wheels, and its server."""
