"""The past made readable: points, the tree of causes, what an undo takes back."""
