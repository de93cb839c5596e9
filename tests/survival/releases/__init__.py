"""Two releases at work side by side, as in every rolling upgrade."""
