"""Laws that every domain keeps, and each domain in scenarios."""
