"""File formats: a path in, images and labels of one split out; one format a file."""
