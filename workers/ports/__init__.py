"""The ports: what the loops and the operations ask of the outside, as protocols and plain values.

Each port has a real adapter and an in-memory twin under `infra/`; both pass the same contract tests (tests/ports). No
type of a driver appears here.
"""
