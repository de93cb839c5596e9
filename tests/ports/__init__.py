"""One examination for each port, sat by the real adapter and by its twin in memory: what the loops rely on, no more."""
