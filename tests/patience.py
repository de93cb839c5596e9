"""How long property tests may take: as long as they need, on a machine that others use too."""

from hypothesis import HealthCheck, settings


def give_time() -> None:
    """For the conftest of a folder with property tests: takes effect on the tests that are read afterwards."""
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
