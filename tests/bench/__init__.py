"""What `annals bench` measures."""
