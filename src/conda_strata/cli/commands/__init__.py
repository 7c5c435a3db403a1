"""One module per command; each has HELP, EXAMPLE, add_arguments and run."""
