"""A small context as somebody else would write it, in a package of its own (distributions.py installs it)."""
