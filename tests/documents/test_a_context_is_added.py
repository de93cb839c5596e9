"""The context that workers/README.md adds is written into a copy of the project, and does there what the page says."""

import shutil
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.documents.blocks import ROOT, blocks
from tests.documents.typing import environment, typed

DOCUMENT = "workers/README.md"
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache", "*.jar")


def _copied(folder: Path) -> None:
    """The project, in a folder in which it is found first: without what names the original's to Python."""
    for part in ("contracts", "workers", "infra", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=LEFT_OUT)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for distribution in ("annals", "annals_contracts"):
        (folder / f"_editable_impl_{distribution}.py").touch()


@pytest.mark.timeout(300)
async def test_by_its_files_alone(settings: Settings, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    _copied(copy)
    written = [block for block in blocks(DOCUMENT) if block.file]
    for block in written:
        path = copy / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text.partition("\n")[2], "utf-8")
    for package in ("contracts/library", "tests/domain/library"):
        (copy / package / "__init__.py").write_text('"""The library context."""\n', "utf-8")
    variables = environment(PYTHONPATH=str(copy), **settings.environment())
    (steps,) = [block for block in blocks(DOCUMENT) if not block.file]
    printed = await typed(steps, variables, tmp_path / "printed.log", copy)
    assert "contracts/library/schemas/LendBook.v1.json" in printed
    assert "library.commands" in printed
    assert "passed" in printed
