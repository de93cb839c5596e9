"""compose.yaml is valid, its settings are settings of Annals, and make_secrets.sh makes its secrets."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.cli.main import COMMANDS
from infra.cli.worker import Role
from infra.secret_files import SUFFIX
from infra.settings import Settings
from tests.architecture.sources import ROOT
from tests.deploy.container_tools import run

DEPLOY = ROOT / "infra" / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "annals:" in service["image"]}
# https://github.com/compose-spec/compose-spec, schema/compose-spec.json of June 2026; Apache License 2.0.
SCHEMA = Path(__file__).with_name("compose-spec.json")


def environment(service: dict[str, Any]) -> dict[str, str]:
    """The settings of a service as it has them when the caller sets nothing."""
    given = service.get("environment", {})
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}


def test_it_is_valid() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema)  # which the schema names in another way than its library knows
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(COMPOSE)] == []


def test_every_role_and_job_runs() -> None:
    commands = {tuple(service.get("command", ())) for service in OURS.values()}
    workers = {("worker", role.value) for role in Role}
    assert commands - {()} == workers | {("gateway",), ("migrate",), ("topics", "create")}
    assert {command[0] for command in commands - {()}} <= {name for name, _, _ in COMMANDS}


@pytest.mark.parametrize("name", sorted(OURS))
def test_its_settings_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fields = {f"ANNALS_{field}".upper() for field in Settings.model_fields}
    run("sh", str(DEPLOY / "make_secrets.sh"), str(tmp_path))
    given = environment(OURS[name])
    assert {variable.removesuffix(SUFFIX) for variable in given} <= fields
    for variable, value in given.items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(tmp_path)))
    settings = Settings()
    assert settings.auth == "oidc"
    assert settings.database_url is not None
    assert settings.redis_url is not None


@pytest.mark.parametrize("name", sorted(OURS))
def test_it_runs_with_no_right_and_nothing_to_write_to(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service  # that of the image
    assert {"mem_limit", "pids_limit"} <= service.keys()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_only_this_machine_reaches_it_and_its_log_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert "privileged" not in service
    assert re.search(r":[\w.${}:-]*\d", service["image"]), "an image has a version"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_secret_that_a_service_reads_is_mounted_and_made(name: str, tmp_path: Path) -> None:
    service = SERVICES[name]
    mounted = {secret if isinstance(secret, str) else secret["source"] for secret in service.get("secrets", ())}
    read = set(re.findall(r"/run/secrets/([\w.]+)", json.dumps(service)))
    assert read <= mounted
    assert mounted <= COMPOSE["secrets"].keys()
    run("sh", str(DEPLOY / "make_secrets.sh"), str(tmp_path))
    assert all((tmp_path / Path(secret["file"]).name).is_file() for secret in COMPOSE["secrets"].values())
    assert all(Path(secret["file"]).parent == Path("secrets") for secret in COMPOSE["secrets"].values())


def test_a_health_check_tells_200_from_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the health check of a container runs; the image has no curl."""
    from infra.telemetry.endpoint import serve_endpoint

    ready = False
    endpoint = serve_endpoint("127.0.0.1", 0, ready=lambda: ready, alive=lambda: True)
    _, interpreter, option, script = OURS["command"]["healthcheck"]["test"]
    assert interpreter == "python"
    script = script.replace(":9090", f":{endpoint.server_address[1]}")
    try:
        for ready in (False, True):
            checked = subprocess.run([sys.executable, option, script], check=False, capture_output=True, timeout=30)
            assert (checked.returncode == 0) is ready
    finally:
        endpoint.shutdown()
        endpoint.server_close()


def test_prometheus_asks_each_process_where_it_listens() -> None:
    prometheus = yaml.safe_load((DEPLOY / "observability" / "prometheus.yaml").read_text("utf-8"))
    asked = {
        (name, str(target["port"]))
        for job in prometheus["scrape_configs"]
        for target in job["dns_sd_configs"]
        for name in target["names"]
    }
    listening = {
        (name, variables["ANNALS_METRICS_PORT"])
        for name, service in OURS.items()
        if "ANNALS_METRICS_PORT" in (variables := environment(service))
    }
    assert asked == listening | {("gateway", environment(OURS["gateway"])["ANNALS_HTTP_PORT"])}
