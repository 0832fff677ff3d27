"""File formats: read the images and labels of one split from a path."""
