"""What tests/README.md gives the reader to type runs a part of the suite, and passes."""

from pathlib import Path

import pytest

from tests.documents.blocks import Block, blocks
from tests.documents.typing import environment, typed

COMMANDS = [
    block._replace(text=f"{line}\n")
    for block in blocks("tests/README.md")
    for line in block.text.splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", COMMANDS, ids=[command.text.partition("#")[0].strip() for command in COMMANDS])
async def test_each_command_passes(command: Block, tmp_path: Path) -> None:
    assert command.language == "sh"
    await typed(command, environment(ANNALS_HOME=str(tmp_path / "home")), tmp_path / "printed.log")
