"""The tables of infra/README.md name every metric, every setting and every command, and none that is not there."""

import re

from infra.cli.main import COMMANDS
from infra.settings import Settings
from tests.architecture.sources import ROOT, sources

OPERATING = (ROOT / "infra/README.md").read_text("utf-8")
METRIC = re.compile(r'(Counter|Gauge|Histogram)\(\s*"(annals_\w+)"')
ROLES = {"annals_reader", "annals_writer"}


def test_of_metrics() -> None:
    counted: set[str] = set()
    for path in sources("workers", "infra"):
        for kind, name in METRIC.findall((ROOT / path).read_text("utf-8")):
            counted.add(name + ("_total" if kind == "Counter" else ""))
    assert set(re.findall(r"`(annals_\w+)", OPERATING)) - ROLES == counted


def test_of_settings() -> None:
    fields = {f"ANNALS_{name.upper()}" for name in Settings.model_fields}
    section = OPERATING[OPERATING.index("## Settings") : OPERATING.index("## Running it")]
    assert set(re.findall(r"`(ANNALS_\w+)", section)) == fields


def test_of_commands() -> None:
    commands = {name for name, _, _ in COMMANDS}
    section = OPERATING[OPERATING.index("## Running it") : OPERATING.index("## At 3 a.m.")]
    assert set(re.findall(r"`annals (\w+)", section)) == commands
