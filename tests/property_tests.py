"""Hypothesis settings for property tests: each run draws the same examples, and no example has a time limit.

So a failure is caused by the change under test and can be repeated, also on a busy machine.
`ANNALS_TEST_EXAMPLES=random` searches with new examples instead.
"""

import os

from hypothesis import HealthCheck, settings


def use_fixed_examples() -> None:
    """For the conftest of all tests. Applies to the test modules that are imported afterwards."""
    is_search = os.environ.get("ANNALS_TEST_EXAMPLES") == "random"
    settings.register_profile("fixed examples", derandomize=not is_search)
    settings.load_profile("fixed examples")


def remove_time_limits() -> None:
    """For the conftest of a folder with property tests. Applies to the test modules that are imported afterwards."""
    settings.register_profile("no time limits", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("no time limits")
