"""`annals bench`: the whole path of orders through real workers, in an environment that is deleted afterwards."""

import json

import asyncpg

from infra.settings import Settings
from tests.cli.conftest import run_annals

ORDERS = ("--skip", "commands", "--skip", "latency", "--orders", "100", "--order-rate", "5", "--seconds", "1")


async def test_settled_a_second_processor_time_and_latency(settings: Settings) -> None:
    ended = await run_annals(settings, "bench", *ORDERS, "--json")
    assert ended.code == 0, ended.errors
    measured = json.loads(ended.output)
    burst, confirmation = measured["orders"]["burst"], measured["orders"]["confirmation"]
    assert (burst["orders"], confirmation["orders"]) == (100, 5)
    assert burst["per_second"] > 0
    assert set(burst["cpu_by_role"]) == {"command", "saga", "projection"}
    assert abs(sum(burst["cpu_by_role"].values()) - burst["cpu_microseconds"]) < 1
    assert 0 < confirmation["p50"] <= confirmation["p99"] <= confirmation["highest"]
    assert measured["commands"] is measured["latency"] is None
    assert not await _databases(settings)


async def test_not_when_every_part_is_skipped() -> None:
    ended = await run_annals(None, "bench", *ORDERS[:4], "--skip", "orders")
    assert ended.code == 2
    assert "nothing is left to measure" in ended.errors


async def _databases(settings: Settings) -> list[str]:
    """The names of the databases of bench runs that still exist."""
    assert settings.database_url is not None
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        rows = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'annals_bench_%'")
    finally:
        await connection.close()
    return [row[0] for row in rows]
