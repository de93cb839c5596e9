"""Writes projects and contexts of one's own from the templates beside this file: `annals new`."""
