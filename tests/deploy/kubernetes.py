"""The manifests as data: the files as they stand, and what kustomize makes of a folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

KUBERNETES = Path(__file__).parents[2] / "infra" / "deploy" / "kubernetes"
BASE = KUBERNETES / "base"
DEVELOPMENT, PRODUCTION = (KUBERNETES / "overlays" / name for name in ("development", "production"))
FOLDERS = (BASE, DEVELOPMENT, PRODUCTION)
WORKLOADS = ("StatefulSet", "Deployment", "Job")
WORKERS = ("command", "projection", "saga", "audit", "analytics")
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"

Manifest = dict[str, Any]
# Ten times as fast as the one in Python.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def documents(path: Path) -> list[Manifest]:
    """The documents of a YAML file."""
    return _documents(path.read_text("utf-8"))


def _documents(text: str) -> list[Manifest]:
    return [document for document in yaml.load_all(text, LOADER) if document]


@cache
def of_base() -> list[Manifest]:
    """The resources of the base as their files have them, without what kustomize adds."""
    names = documents(BASE / "kustomization.yaml")[0]["resources"]
    return [document for name in names for document in documents(BASE / name)]


@cache
def rendered(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` of this folder would send. Skips the test where no kubectl is installed."""
    kubectl = shutil.which("kubectl", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if kubectl is None:
        pytest.skip("kubectl is not installed, and there is no package of it for this system")
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return _documents(done.stdout)


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """Those of these kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def of_annals(manifests: Sequence[Manifest]) -> dict[str, Manifest]:
    """The workloads that run Annals, by their role."""
    return {
        labels[COMPONENT]: workload
        for workload in of_kind(manifests, *WORKLOADS)
        if (labels := workload["metadata"].get("labels", {})).get(NAME) == "annals"
    }


def pod_of(workload: Manifest) -> dict[str, Any]:
    """The specification of a workload's pods."""
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


def containers(workload: Manifest) -> Iterator[dict[str, Any]]:
    """All containers of a workload's pods."""
    pod = pod_of(workload)
    yield from pod.get("initContainers", [])
    yield from pod["containers"]


def title(manifest: Manifest) -> str:
    """What a manifest is called in the words of a test."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def environment(container: dict[str, Any], manifests: Sequence[Manifest]) -> dict[str, str]:
    """The variables of a container; what the cluster fills in has the name of its field."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        (settings,) = [
            manifest
            for manifest in of_kind(manifests, "ConfigMap")
            if manifest["metadata"]["name"] == source["configMapRef"]["name"]
        ]
        variables |= settings["data"]
    for variable in container.get("env", []):
        variables[variable["name"]] = variable.get("value") or variable.get("valueFrom", {}).get("fieldRef", {}).get(
            "fieldPath", ""
        )
    return variables
