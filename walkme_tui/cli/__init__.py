"""The command line: one parser, and one module a sub-command, imported when it is run."""
