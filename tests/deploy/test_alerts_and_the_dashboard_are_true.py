"""Alerts and the dashboard name metrics that the code has, and each alert leads to what an operator can do."""

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.sources import ROOT, sources
from tests.deploy.container_tools import run

OBSERVABILITY = ROOT / "infra" / "deploy" / "observability"
RULES = OBSERVABILITY / "rules.yaml"
DASHBOARD = OBSERVABILITY / "grafana" / "dashboards" / "annals.json"
METRIC = re.compile(r'(Counter|Gauge|Histogram)\(\s*"(annals_\w+)"')
SUFFIXES = {"Counter": ("_total",), "Gauge": ("",), "Histogram": ("_bucket", "_sum", "_count")}
# What Prometheus itself knows of a process, and what its client library tells of each.
OF_PROMETHEUS = {"up", "ALERTS"}
OF_ITS_CLIENT = {"process_resident_memory_bytes", "process_cpu_seconds_total"}

with_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing (Debian: in the package prometheus)"
)


@cache
def exported() -> frozenset[str]:
    """The names of all series that the code exports."""
    texts = ((ROOT / path).read_text("utf-8") for path in sources("workers", "infra"))
    return frozenset(
        name + suffix for text in texts for kind, name in METRIC.findall(text) for suffix in SUFFIXES[kind]
    )


def named(expression: str) -> set[str]:
    """The metrics in an expression: names before a brace, a bracket or what ends them, and no functions or labels."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\b(by|without|on|ignoring) *\([^)]*\)", "", bare)
    bare = re.sub(r"\{[^}]*\}", "{}", bare)
    words = re.findall(r"[a-zA-Z_]\w*(?! *\()(?!\w)", bare)
    return {word for word in words if "_" in word or word in OF_PROMETHEUS}


def alerts() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]:
        yield from group["rules"]


def headings() -> set[str]:
    """The anchors of infra/README.md, as a forge makes them."""
    lines = re.findall(r"^#+ (.+)$", (ROOT / "infra/README.md").read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


def test_each_alert_has_a_summary_and_leads_to_a_heading() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning"}, alert["alert"]
        assert alert["annotations"]["summary"], alert["alert"]
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert page == "infra/README.md"
        assert anchor in headings(), f"{alert['alert']} leads to {anchor}, which infra/README.md has not"


def test_alerts_name_metrics_that_there_are() -> None:
    for alert in alerts():
        assert named(alert["expr"]), alert["alert"]
        assert named(alert["expr"]) <= exported() | OF_PROMETHEUS, alert["alert"]


def test_the_dashboard_names_metrics_that_there_are() -> None:
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            assert named(target["expr"]), panel["title"]
            assert named(target["expr"]) <= exported() | OF_PROMETHEUS | OF_ITS_CLIENT, panel["title"]


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


@with_promtool
def test_prometheus_takes_the_configuration_and_the_alerts_fire_when_they_should() -> None:
    run("promtool", "check", "config", str(OBSERVABILITY / "prometheus.yaml"))
    run("promtool", "test", "rules", str(Path(__file__).with_name("alerts_in_time.yaml")))


@with_promtool
def test_prometheus_takes_the_expressions_of_the_dashboard(tmp_path: Path) -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(expressions)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
    run("promtool", "check", "rules", str(file))
