"""A plugin for pytest: only the tests that start no server, with the same examples in each run.

A mutant costs milliseconds only when its tests run in a process that is forked and thrown away. Servers survive no such
thing, so whatever asks for one is left out; what is left runs on the twins in memory.
"""

from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hypothesis import Phase, settings

# Before the conftests of the folders, whose profile builds on this one: an example that fails is enough, a small one
# is not looked for, and nothing is remembered from one mutant to the next.
settings.register_profile("mutation", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutation")

# A traceback that shows the sources around each line takes seconds where every mutant stands in them.
_plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

# The ports' tests run twice, over the twin and over the real adapter, by this parameter of the fixture `own`.
REAL = "real"
# It reads all sources, which are some forty times as long when every mutant stands in them.
SLOW_AMONG_MUTANTS = "test_other_code_begins_with_the_first_event_and_leaves_its_own"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out each test that needs a server."""
    left_out = [item for item in items if _needs_a_server(item)]
    if Path.cwd().name == "mutants":
        left_out += [item for item in items if item.name == SLOW_AMONG_MUTANTS]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _needs_a_server(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return "servers" in item.fixturenames or parameters.get("own") == REAL


@pytest_asyncio.fixture(scope="session")
async def servers() -> None:
    """Instead of the run's servers, should a test ask for them in a way that is not seen above."""
    pytest.fail("a test that needs servers is no test for mutants: leave it out in tests/mutation/serverless.py")
