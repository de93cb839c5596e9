"""Folds and comparisons of a chunk at a time. Pure: what is compared is handed to them."""
