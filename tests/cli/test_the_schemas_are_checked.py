"""`annals docs`."""

import json

from tests.cli.conftest import run_annals


async def test_and_match_their_models() -> None:
    ended = await run_annals(None, "docs", "schemas", "--check", "--json")
    assert ended.code == 0, ended.errors
    assert json.loads(ended.output) == {"stale": []}


async def test_and_the_asyncapi_document_is_printed_without_any_server() -> None:
    ended = await run_annals(None, "docs", "asyncapi")
    assert ended.code == 0, ended.errors
    assert json.loads(ended.output)["asyncapi"] == "3.0.0"
