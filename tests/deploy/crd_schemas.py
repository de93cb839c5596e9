"""The published schemas of the custom resources in the manifests, and how a resource is compared with one.

`python -m tests.deploy.crd_schemas REPOSITORY RELEASE COMMIT FILE…` writes them anew from CustomResourceDefinitions:
without descriptions and status, as tests/deploy/schemas/README.md says. An API server drops fields that a schema does
not know, and says nothing; here they are refused, but where the schema itself keeps unknown ones. Rules in CEL
(`x-kubernetes-validations`) are not evaluated.
"""

import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parent / "schemas"
OPEN = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")


def written(definition: dict[str, Any], source: dict[str, str]) -> None:
    """Write the schema of a CustomResourceDefinition's stored version to a file of its own."""
    spec = definition["spec"]
    (version,) = [version for version in spec["versions"] if version["storage"]]
    schema = _bare(version["schema"]["openAPIV3Schema"])
    schema["properties"].pop("status", None)
    kept = {"source": source, "apiVersion": f"{spec['group']}/{version['name']}", "kind": spec["names"]["kind"]}
    path = SCHEMAS / f"{spec['names']['kind']}.{spec['group']}.json"
    path.write_text(json.dumps({**kept, "schema": schema}, separators=(",", ":")) + "\n", "utf-8")


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: _bare(value) for name, value in node.items() if name != "description" or not isinstance(value, str)
        }
    return [_bare(value) for value in node] if isinstance(node, list) else node


def strict(schema: Any) -> Any:
    """The schema, with every object closed that names its fields and does not keep unknown ones."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(part) for name, part in schema.items()}
    names_fields = schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
    if names_fields and "additionalProperties" not in schema and not any(schema.get(name) for name in OPEN):
        closed["additionalProperties"] = False
    return closed


@cache
def validators() -> dict[tuple[str, str], Draft202012Validator]:
    """A strict validator for each custom resource, by its `apiVersion` and kind."""
    kept = [json.loads(path.read_text("utf-8")) for path in sorted(SCHEMAS.glob("*.json"))]
    return {(schema["apiVersion"], schema["kind"]): Draft202012Validator(strict(schema["schema"])) for schema in kept}


def problems(resource: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a custom resource. Raises KeyError for a kind without a schema."""
    for error in validators()[resource["apiVersion"], resource["kind"]].iter_errors(resource):
        yield f"{error.json_path}: {error.message[:300]}"


if __name__ == "__main__":
    repository, release, commit, *files = sys.argv[1:]
    for file in files:
        about = {"repository": repository, "release": release, "commit": commit, "licence": "Apache-2.0"}
        written(yaml.safe_load(Path(file).read_text("utf-8")), about)
