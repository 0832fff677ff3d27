"""The command line: one command per file, each a typed function."""
