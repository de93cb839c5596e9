"""Whatever happens to processes, servers and the network between them, no command is lost or handled twice, the log
equals the table, the read models equal its fold, and everything comes to rest.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.parallel_runs import simulated

ROOT = Path(__file__).parents[2]
# A simulation in which these do not happen would prove nothing.
MUST_HAPPEN = (
    "fault: kill",
    "fault: pause",
    "fault: suspend",
    "fault: stop",
    "fault: evict",
    "fault: jump",
    "fault: database clock",
    "fault: away",
    "fault: slow",
    "fault: cut",
    "fault: faulty",
    "fault: half-known",
    "fault: empty",
    "fault: shorten",
    "fault: lose",
    "fault: shorten commands",
    "network: request lost",
    "network: answer lost",
    "network: carried out late",
    "network: delivered twice",
    "network: half-known commit",
    "lanes acquired",
    "owners fenced",
    "lanes abandoned after a fault",
    "events republished by a next owner",
    "repeats in the log dropped",
    "gaps in the log filled",
    "logs found shortened",
    "commands sent to their own partition",
    "commands repeated",
    "dead letters",
    "read models rebuilt",
    "lost documents restored",
    "saga steps sent",
    "saga batches decided again",
)


@pytest.mark.timeout(0)
def test_keep_every_promise(pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--schedules` and `--first-seed` for a longer run, or another."""
    counts: Counter[str] = Counter()
    failures: list[tuple[int, str]] = []
    # The options are unknown when pytest comes here from another folder.
    first_seed, schedules = pytestconfig.getoption("--first-seed", 1), pytestconfig.getoption("--schedules", 2000)
    for done in simulated(first_seed, schedules):
        counts.update(done.counts)
        failures += done.failures
        if failures:
            break
    with capsys.disabled():
        print()
        for name, count in sorted(counts.items()):
            print(f"{count:10} {name}")
    assert not failures, "\n\n".join(message for _, message in sorted(failures))
    never = [name for name in MUST_HAPPEN if not counts[name]]
    assert not never, f"too tame: {never} did not happen in {counts['schedules']} schedules"


@pytest.mark.parametrize("seed", [3, 14, 159])
def test_are_replayed_to_the_last_step(seed: int) -> None:
    """In another process, with other hashes of texts."""
    digests = {_digest(seed, hashes) for hashes in ("1", "2")}
    assert len(digests) == 1
    assert digests != {_digest(seed + 1, "1")}


def _digest(seed: int, hashes: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--digest"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hashes},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert len(done.stdout.strip()) == 64
    return done.stdout
