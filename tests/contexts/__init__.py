"""Contexts of other distributions: found, chosen, refused when of no use, and served without code for HTTP."""
