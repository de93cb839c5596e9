"""Each setting in a manifest exists, each setting has its place in the manifests, and every role accepts its own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.network_exposure import check_endpoint
from infra.processes.gateway_exposure import check_exposure
from infra.secret_files import SUFFIX, is_secret
from infra.settings import Settings
from tests.deploy.kubernetes import (
    BASE,
    DEVELOPMENT,
    KUBERNETES,
    PRODUCTION,
    containers,
    environment,
    of_annals,
    rendered,
)

VARIABLE = re.compile(r"\bANNALS_[A-Z_]+[A-Z]\b")
OVERLAYS = (DEVELOPMENT, PRODUCTION)
WITHOUT_A_PLACE = {
    "ANNALS_HOME": "of the embedded servers",
    "ANNALS_KAFKA_EMBEDDED_SECURED": "of the embedded servers",
    "ANNALS_AUTH_DEVELOPMENT_ISSUER": "its key is a file of one machine, and the gateway then listens on loopback only",
    "ANNALS_DATABASE_TLS_KEY_PASSWORD": "keys that operators write are not encrypted: Secrets guard them",
    "ANNALS_REDIS_TLS_KEY_PASSWORD": "as above",
    "ANNALS_KAFKA_TLS_KEY_PASSWORD": "as above",
}
"""The settings that no manifest names, and why."""

SETTINGS = {f"ANNALS_{name.upper()}": field for name, field in Settings.model_fields.items()}
KNOWN = set(SETTINGS) | {f"{name}{SUFFIX}" for name, field in SETTINGS.items() if is_secret(field.annotation)}


def named(text: str) -> set[str]:
    """The variables that a text names, without its comments."""
    return set(VARIABLE.findall(re.sub(r"(?m)(^|\s)#.*$", "", text)))


def in_manifests() -> Iterator[tuple[Path, str]]:
    for path in sorted(KUBERNETES.rglob("*")):
        if path.is_file():
            for variable in sorted(named(path.read_text("utf-8"))):
                yield path.relative_to(KUBERNETES), variable


def test_each_variable_in_a_manifest_is_a_setting() -> None:
    unknown = [f"{path}: {variable}" for path, variable in in_manifests() if variable not in KNOWN]
    assert not unknown


def test_each_setting_has_its_place_in_the_manifests() -> None:
    variables = {
        variable.removesuffix(SUFFIX) if variable not in SETTINGS else variable for _, variable in in_manifests()
    }
    missing = set(SETTINGS) - variables - set(WITHOUT_A_PLACE)
    assert not missing, "name them in base/settings.env, with their default, or say here why they have no place"
    assert not set(WITHOUT_A_PLACE) & variables


def test_a_setting_without_a_place_is_one() -> None:
    assert set(WITHOUT_A_PLACE) <= set(SETTINGS)


def test_a_variable_that_is_no_setting_is_seen() -> None:
    """The control."""
    assert named("- {name: ANNALS_PARTITION, value: 6}  \n# ANNALS_IGNORED") == {"ANNALS_PARTITION"}
    assert "ANNALS_PARTITION" not in KNOWN


def test_the_base_says_of_each_setting_what_its_default_is() -> None:
    """But for those that a cluster needs otherwise."""
    otherwise = {
        *("ANNALS_LOG_FORMAT", "ANNALS_METRICS_HOST", "ANNALS_METRICS_PORT", "ANNALS_METRICS_OPEN_TO_NETWORK"),
        *("ANNALS_HTTP_MAX_PEER_CONNECTIONS", "ANNALS_HTTP_IDLE_SECONDS"),
    }
    lines = (BASE / "settings.env").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for name, value in given.items():
        default = SETTINGS[name].default
        is_default = str("" if default is None else default) in (value, f"{value}.0")
        assert is_default is (name not in otherwise), f"{name}={value}, and the default is {default}"


def mounted(pod: dict[str, Any], container: dict[str, Any]) -> Iterator[str]:
    """The paths of the files that a container finds in its volume of logins."""
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "logins"]
    (place,) = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "logins"]
    if "secret" in volume:
        yield from (f"{place}/{key}" for key in ("database-url", "postgres-password"))
        return
    for source in volume["projected"]["sources"]:
        yield from (f"{place}/{item['path']}" for item in source["secret"]["items"])


CONTENTS = {
    "database-url": "postgresql://annals_migrate:hidden@annals-postgres-rw.annals:5432/annals",
    "redis-url": "rediss+sentinel://annals_projection:hidden@annals-valkey-0.annals-valkey:26379/annals/0",
}


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda folder: folder.name)
def test_each_process_accepts_its_settings(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are there that the settings name, and none of them twice; nothing contradicts anything."""
    manifests = rendered(folder)
    for role, workload in of_annals(manifests).items():
        pod = workload["spec"]["template"]["spec"]
        for container in containers(workload):
            files = set(mounted(pod, container))
            with monkeypatch.context() as patched:
                for name, value in environment(container, manifests).items():
                    if value.startswith("/"):
                        assert value in files, f"{role}: nothing is mounted at {value}, which {name} names"
                        file = tmp_path / Path(value).name
                        file.write_text(CONTENTS.get(file.name, "hidden"))
                        value = str(file)  # noqa: PLW2901
                    patched.setenv(name, value)
                settings = Settings()
            assert settings.database_url is not None, role
            assert settings.redis_url is not None, role
            assert settings.kafka_bootstrap_servers is not None, role
            check_endpoint(settings.metrics_host, open_to_network=settings.metrics_open_to_network)
            if role == "gateway":
                check_exposure(settings)
            is_worker = workload["kind"] == "StatefulSet"
            assert (settings.instance == "metadata.name") is is_worker, role


def test_production_speaks_tls_to_every_server_and_asks_who_calls() -> None:
    manifests = rendered(PRODUCTION)
    for role, workload in of_annals(manifests).items():
        for container in containers(workload):
            variables = environment(container, manifests)
            assert variables["ANNALS_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL", role
            assert variables["ANNALS_DATABASE_TLS_CA_FILE"], role
            assert variables["ANNALS_REDIS_TLS_CA_FILE"], role
            assert variables["ANNALS_AUTH"] == "oidc", role


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda folder: folder.name)
def test_no_secret_stands_in_a_pod(folder: Path) -> None:
    """Passwords are files, not variables, which every child process and crash report would have."""
    manifests = rendered(folder)
    secrets = {name for name, field in SETTINGS.items() if is_secret(field.annotation)}
    for workload in of_annals(manifests).values():
        for container in containers(workload):
            for name, value in environment(container, manifests).items():
                assert name not in secrets or re.search(r"//[^/@]*:[^/@]*@", value) is None, name
                assert name not in secrets or "PASSWORD" not in name, name
