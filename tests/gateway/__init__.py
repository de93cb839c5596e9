"""The gateway: its HTTP on servers in memory, and the whole way on real ones."""
