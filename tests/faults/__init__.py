"""Faults on the real servers, under load: each test ends the fault, lets the system recover and compares all data."""
