"""What is made of something else says the same as that."""

from pathlib import Path

import pytest

from tests.deploy.kubernetes import KUBERNETES
from tests.deploy.made_files import MADE


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_made_file_is_what_it_would_be_made_now(path: Path) -> None:
    assert path.read_text("utf-8") == MADE[path](), (
        f"{path.relative_to(KUBERNETES)} is out of date: python -m tests.deploy.made_files"
    )
