"""Options that make a run of the simulation longer, or another."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/simulation --schedules 100000 --first-seed 5000000`."""
    group = parser.getgroup("simulation")
    group.addoption("--schedules", type=int, default=2000, help="how many schedules are simulated")
    group.addoption("--first-seed", type=int, default=1, help="the seed of the first one")
