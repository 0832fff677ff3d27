"""The command line: typed functions as commands, one a file."""
