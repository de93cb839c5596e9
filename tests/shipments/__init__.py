"""A context outside the tree, in a distribution of its own (`project/`), works as the shipped ones do."""
