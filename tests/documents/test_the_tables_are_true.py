"""The tables of infra/README.md name every metric, every setting and every command, and none that is not there."""

import re

import pytest

from infra.cli.main import COMMANDS
from infra.postgres.roles import ROLES
from infra.settings import Settings
from tests.architecture.sources import ROOT, sources
from tests.documents.blocks import DOCUMENTS

OPERATING = (ROOT / "infra/README.md").read_text("utf-8")
METRIC = re.compile(r'(Counter|Gauge|Histogram)\(\s*"(annals_\w+)"')
MADE_BY_THE_READER = {".annals/", ".mutation/", "tests/library/test_laws.py", "postgres/data"}


def test_of_metrics() -> None:
    counted: set[str] = set()
    for path in sources("workers", "infra"):
        for kind, name in METRIC.findall((ROOT / path).read_text("utf-8")):
            counted.add(name + ("_total" if kind == "Counter" else ""))
    assert set(re.findall(r"`(annals_\w+)", OPERATING)) - set(ROLES) == counted


def test_of_settings() -> None:
    fields = {f"ANNALS_{name.upper()}" for name in Settings.model_fields}
    section = OPERATING[OPERATING.index("## Settings") : OPERATING.index("## Running it")]
    assert set(re.findall(r"`(ANNALS_\w+)", section)) == fields


def test_of_commands() -> None:
    commands = {name for name, _, _ in COMMANDS}
    section = OPERATING[OPERATING.index("## Running it") : OPERATING.index("## At 3 a.m.")]
    assert set(re.findall(r"`annals (\w+)", section)) == commands


@pytest.mark.parametrize("document", DOCUMENTS)
def test_of_paths(document: str) -> None:
    """Every path in backquotes, and every link, leads to a file or folder of the project."""
    folder, text = (ROOT / document).parent, (ROOT / document).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    paths = [path for path in re.findall(r"`([\w./-]+/[\w./-]*)`", text) if not path.startswith("/")]
    missing = [link for link in links if not (folder / link).exists()]
    places = (ROOT, folder, ROOT / "workers", ROOT / "tests")
    missing += [path for path in paths if not any((place / path).exists() for place in places)]
    assert set(missing) <= MADE_BY_THE_READER


def test_the_readme_has_at_most_160_lines() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 160
