"""Read models rebuilt, compared and switched, on real servers."""
