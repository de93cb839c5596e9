"""Every manifest is what the published schemas of its kind allow, down to the last field."""

from copy import deepcopy
from pathlib import Path

import kubernetes_validate
import pytest

from tests.deploy import crd_schemas
from tests.deploy.kubernetes import DEVELOPMENT, FOLDERS, PRODUCTION, Manifest, of_kind, rendered, title

VERSIONS = ("1.32", "1.37")
"""The oldest Kubernetes that the manifests are for, and the newest whose schemas are at hand."""


class UnknownKind(Exception):
    """No published schema is at hand for a kind: whatever stands in the manifest, nobody would look at it."""


def problems(manifest: Manifest, version: str) -> list[str]:
    """What is wrong with a manifest. Raises UnknownKind."""
    if (manifest["apiVersion"], manifest["kind"]) in crd_schemas.validators():
        return list(crd_schemas.problems(manifest))
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        raise UnknownKind(f"{manifest['apiVersion']} {manifest['kind']}") from None
    except kubernetes_validate.ValidationError as error:
        return [str(error.message)]
    return []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_manifest_is_what_its_schema_allows(folder: Path, version: str) -> None:
    found = {title(manifest): wrong for manifest in rendered(folder) if (wrong := problems(manifest, version))}
    assert not found


@pytest.mark.parametrize("folder", [DEVELOPMENT, PRODUCTION], ids=lambda folder: folder.name)
def test_no_two_resources_have_one_name(folder: Path) -> None:
    titles = [title(manifest) for manifest in rendered(folder)]
    assert sorted(titles) == sorted(set(titles))


def test_development_needs_no_operator() -> None:
    own = {manifest["apiVersion"] for manifest in rendered(DEVELOPMENT)}
    assert own <= {"v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1"}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_kind_is_refused(version: str) -> None:
    with pytest.raises(UnknownKind):
        problems({"apiVersion": "keda.sh/v1", "kind": "ScaledObjekt", "metadata": {"name": "annals"}}, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_field_and_a_wrong_type_are_refused_in_each_kind(version: str) -> None:
    """The control: each schema that is used says no to something."""
    manifests = {(manifest["apiVersion"], manifest["kind"]): manifest for manifest in rendered(PRODUCTION)}
    for (_, kind), manifest in manifests.items():
        with_more = deepcopy(manifest)
        part = with_more.get("spec", with_more)
        part["replicaz"] = 3
        assert problems(with_more, version), f"an unknown field in {kind} was let through"
        broken = {**manifest, "spec": "three"} if "spec" in manifest else {**manifest, "metadata": "three"}
        assert problems(broken, version), f"a wrong type in {kind} was let through"


def test_an_unknown_field_deep_within_a_custom_resource_is_refused() -> None:
    (kafka,) = of_kind(rendered(PRODUCTION), "Kafka")
    broken = deepcopy(kafka)
    broken["spec"]["kafka"]["listeners"][0]["tsl"] = True
    assert any("tsl" in wrong for wrong in crd_schemas.problems(broken))
