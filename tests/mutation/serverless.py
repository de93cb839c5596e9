"""A plugin for pytest: only the tests that start no server, with the same examples in each run.

A mutant costs milliseconds only when its tests run in a process that is forked and thrown away. Servers survive no such
thing, so whatever asks for one is left out; what is left runs on the twins in memory.
"""

import pytest
import pytest_asyncio
from hypothesis import Phase, settings

# Before the conftests of the folders, whose profile builds on this one: an example that fails is enough, a small one
# is not looked for, and nothing is remembered from one mutant to the next.
settings.register_profile("mutation", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutation")

# The ports' tests run twice, over the twin and over the real adapter, by this parameter of the fixture `own`.
REAL = "real"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out each test that needs a server."""
    kept = [item for item in items if not _needs_a_server(item)]
    config.hook.pytest_deselected(items=[item for item in items if _needs_a_server(item)])
    items[:] = kept


def _needs_a_server(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return "servers" in item.fixturenames or parameters.get("own") == REAL


@pytest_asyncio.fixture(scope="session")
async def servers() -> None:
    """Instead of the run's servers, should a test ask for them in a way that is not seen above."""
    pytest.fail("a test that needs servers is no test for mutants: leave it out in tests/mutation/serverless.py")
