"""HEAD wherever GET is: the same status and headers, and no body."""

import httpx
import pytest

from tests.gateway.every_route import Operation, filled, operations, request
from tests.gateway.requests import is_problem

QUERIES = [operation for operation in operations() if operation.method == "GET"]
CHANGING = {"x-correlation-id"}


@pytest.mark.parametrize("operation", QUERIES, ids=str)
async def test_is_get_without_the_body(http: httpx.AsyncClient, operation: Operation) -> None:
    command_id = await filled(http)
    whole = await request(http, operation, command_id)
    head = await request(http, operation, command_id, method="HEAD")
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.status_code == 200
    headers = {name: value for name, value in head.headers.items() if name not in CHANGING}
    if operation.path != "/metrics":  # whose numbers have moved on
        assert headers == {name: value for name, value in whole.headers.items() if name not in CHANGING}


async def test_says_that_there_is_nothing(http: httpx.AsyncClient) -> None:
    missing = await http.head("/users/nobody")
    assert (missing.status_code, missing.content) == (404, b"")
    assert missing.headers["content-type"] == "application/problem+json"
    assert int(missing.headers["content-length"]) > 0


async def test_is_not_possible_where_get_is_not(http: httpx.AsyncClient) -> None:
    refused = await http.head("/users/ada-1/undo")
    assert (refused.status_code, refused.headers["allow"], refused.content) == (405, "POST", b"")
    assert is_problem(await http.put("/stock/teapot"), 405, "MethodNotAllowed")
    assert (await http.put("/stock/teapot")).headers["allow"] == "GET, HEAD"
