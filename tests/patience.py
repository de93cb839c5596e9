"""What property tests draw, and how long they may take: the same examples in each run, and as long as they need, on a
machine that others use too.

So what a run finds is a fault of what was changed, and is found again. A search at random is another matter:
`ANNALS_TEST_EXAMPLES=random`.
"""

import os

from hypothesis import HealthCheck, settings


def draw_the_same() -> None:
    """For the conftest of all tests: takes effect on the tests that are read afterwards."""
    is_search = os.environ.get("ANNALS_TEST_EXAMPLES") == "random"
    settings.register_profile("the same", derandomize=not is_search)
    settings.load_profile("the same")


def give_time() -> None:
    """For the conftest of a folder with property tests: takes effect on the tests that are read afterwards."""
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
