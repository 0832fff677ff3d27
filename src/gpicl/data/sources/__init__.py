"""Known data sets by name; one source a file."""
