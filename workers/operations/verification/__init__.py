"""Verification: do table, log, unique claims, snapshots, sagas and read models agree? Reads ports, changes nothing."""
