"""One module per command; each has HELP, EXAMPLE, Arguments, add_arguments and run."""
