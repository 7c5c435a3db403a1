"""GitHub Actions on this machine: act, stand-ins for actions, and a server for GitHub's API."""
