"""Faults on the real servers: load on, a fault, its end, recovery without a hand, and then everything is compared."""
