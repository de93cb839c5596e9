"""Read models built anew, compared and switched, on real servers."""
