"""`annals docs`."""

import json

from tests.cli.conftest import run_annals


async def test_and_match_their_models() -> None:
    ended = await run_annals(None, "docs", "schemas", "--check", "--json")
    assert ended.code == 0, ended.errors
    assert json.loads(ended.output) == {"stale": [], "undeclared": [], "unsampled": []}


async def test_and_the_asyncapi_document_is_printed_without_any_server() -> None:
    ended = await run_annals(None, "docs", "asyncapi")
    assert ended.code == 0, ended.errors
    assert json.loads(ended.output)["asyncapi"] == "3.0.0"


async def test_and_the_states_of_an_order_are_drawn() -> None:
    ended = await run_annals(None, "docs", "states")
    assert ended.code == 0, ended.errors
    assert ended.output.startswith("%% orders\nstateDiagram-v2\n")
    ended = await run_annals(None, "docs", "states", "--json")
    assert json.loads(ended.output)["orders"].endswith("delivered --> [*]\n")
