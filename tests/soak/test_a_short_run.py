"""A short soak with every kind of fault finds nothing wrong and reports its figures."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.measuring.soak.fault_plan import Kind

RUN_SECONDS = 280.0
ROOT = Path(__file__).parents[2]


async def _soak(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run the soak; return its exit code, its JSON and its progress messages."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli.main", "soak", "--json", *arguments),
        env=os.environ | {"ANNALS_KAFKA_SESSION_TIMEOUT_SECONDS": "2", "TMPDIR": str(folder)},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert output, errors.decode()
    return process.returncode or 0, json.loads(output), errors.decode()


@pytest.mark.timeout(300)
async def test_with_every_kind_of_fault_loses_and_repeats_nothing(tmp_path: Path) -> None:
    code, report, screen = await _soak(
        tmp_path, *("--minutes", "0.1", "--rate", "60", "--quiet", "0.2", "--seed", "20261121")
    )
    assert code == 0, (report["wrong"], report["audit"], report["verify"], report["bad_ends"], screen)
    assert report["passes"]
    assert {fault["kind"] for fault in report["faults"]} == set(Kind)
    for fault in report["faults"]:
        assert fault["injected"] >= 1
        assert fault["not_recovered"] == 0
        recovered = fault["recovered"]["highest"]
        assert recovered >= max(fault[step]["highest"] for step in ("accepted", "readable", "welcomed")) > 0
    audit = report["audit"]
    assert audit["accepted"] > audit["rejected"] > 0, "the load is a mix"
    assert audit["accepted"] + audit["rejected"] == audit["acknowledged"] > 500
    assert report["commands"]["sent"] >= 500
    assert report["verify"]["looked_at"]["events compared with the log"] > audit["accepted"] * 0.5
    assert report["workers"]["lanes taken over"] >= 3 * report["conditions"]["partitions"]
    assert report["workers"]["repeated commands answered from the table"] > 0
    assert not any(entry.name for entry in os.scandir(tmp_path)), "the home of a good run is gone"
