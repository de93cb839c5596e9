"""Property tests in this folder have no time limit for an example."""

from tests.property_tests import remove_time_limits

remove_time_limits()
