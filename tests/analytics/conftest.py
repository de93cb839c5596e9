"""Property tests in this folder have no time limit for an example, and no logs are written, of hundreds of lanes."""

from collections.abc import Iterator

import pytest

from tests.property_tests import remove_time_limits
from tests.simulation.captured_logs import quiet_logs

remove_time_limits()


@pytest.fixture(autouse=True)
def without_logs() -> Iterator[None]:
    with quiet_logs():
        yield
