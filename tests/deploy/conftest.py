"""The image of this checkout, built once for the whole run, and containers of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.deploy import container_tools
from tests.deploy.containers import Containers
from tests.system import System


@pytest.fixture(scope="session")
def image() -> str:
    """The id of the image. A machine that cannot run containers skips the test and says why."""
    reason = container_tools.missing()
    if reason:
        pytest.skip(reason)
    try:
        return container_tools.build_image()
    except container_tools.BaseUnavailable as error:
        pytest.skip(f"the base image could not be made: {error}")


@pytest.fixture(scope="session")
def secret_of_the_build() -> str:
    """What stood in the environment of the build, in a setting of the network that changes nothing."""
    return container_tools.SECRET


@pytest_asyncio.fixture
async def containers(image: str, system: System) -> AsyncIterator[Containers]:
    """Containers on the servers of the test. They are ended afterwards."""
    made = Containers(image, system)
    try:
        yield made
    finally:
        await made.remove()
