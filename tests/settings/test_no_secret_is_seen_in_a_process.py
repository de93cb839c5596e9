"""A gateway of several processes hands its settings on to them: secrets from files stand in no environment, no command
line and no log.
"""

from pathlib import Path

import psutil
import pytest

from tests.gateway.test_several_processes import NOWHERE, running

DATABASE_URL = "postgresql://nobody:hidden-db@127.0.0.1:1/none"
REDIS_URL = "redis://:hidden-redis@127.0.0.1:1/0"

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("from_files", [True, False], ids=["from files", "from the environment"])
async def test_of_several_processes(from_files: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ANNALS_DATABASE_URL": DATABASE_URL, "ANNALS_REDIS_URL": REDIS_URL}
    for name, value in given.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setitem(NOWHERE, name, "" if from_files else value)
        monkeypatch.setitem(NOWHERE, f"{name}_FILE", str(tmp_path / name) if from_files else "")
    async with running(tmp_path) as gateway:
        processes = [psutil.Process(gateway.process.pid), *gateway.serving()]
        assert len(processes) == 3
        environments = " ".join(" ".join(process.environ().values()) for process in processes)
        command_lines = " ".join(" ".join(process.cmdline()) for process in processes)
        log = (tmp_path / "gateway.log").read_text()
    assert "hidden" not in command_lines
    assert "hidden" not in log
    assert ("hidden" in environments) == (not from_files)
