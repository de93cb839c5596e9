"""A JSON Schema as a list of variants: each of one type, without references and unions. A value fits the schema if and
only if it fits one of them.

The schemas are those that pydantic writes (draft 2020-12). What else a schema may say is kept as it stands.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

Schema = Mapping[str, Any]

ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$id", "$schema", "default", "deprecated", "description", "discriminator", "examples"}
    | {"readOnly", "title", "writeOnly", "x-deprecation"}
)
"""Keywords that no value is measured by."""

NUMERIC = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"})
KEYWORDS: Mapping[str, frozenset[str]] = {
    "null": frozenset(),
    "boolean": frozenset(),
    "integer": NUMERIC,
    "number": NUMERIC,
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset(
        {"properties", "required", "additionalProperties", "patternProperties", "propertyNames"}
        | {"minProperties", "maxProperties"}
    ),
}
"""By type, the keywords that are compared; on values of other types they say nothing."""

# Keywords that say something about one another, and so cannot be brought together from two schemas.
_ENTANGLED = (
    frozenset({"properties", "additionalProperties", "patternProperties", "unevaluatedProperties"}),
    frozenset({"items", "prefixItems", "unevaluatedItems"}),
    frozenset({"contains", "minContains", "maxContains"}),
    frozenset({"if", "then", "else"}),
)
_TYPED_KEYWORDS = frozenset().union(*KEYWORDS.values())
_DEFINITIONS = "#/$defs/"


class CannotCompare(Exception):
    """A schema says something that is not understood here."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One type, and what is demanded of its values. `opaque` are the keywords that are not understood."""

    type: str
    demands: Schema
    values: tuple[Any, ...] | None
    opaque: Schema


def canonical(value: Any) -> str:
    """Equal for equal JSON values, and for these only: 1 is not true."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def variants(schema: Schema | bool, definitions: Schema) -> list[Variant]:
    """The variants of a schema; none if no value fits it. Raises CannotCompare."""
    return [variant for flat in _flat(schema, definitions, ()) for variant in _typed(flat)]


def _flat(schema: Schema | bool, definitions: Schema, references: tuple[str, ...]) -> list[dict[str, Any]]:
    """The schema as a union of schemas without references, unions and annotations."""
    if isinstance(schema, bool):
        return [{}] if schema else []
    rest = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    parts: list[list[dict[str, Any]]] = []
    if (reference := rest.pop("$ref", None)) is not None:
        name = reference.removeprefix(_DEFINITIONS)
        if not reference.startswith(_DEFINITIONS) or name not in definitions or name in references:
            raise CannotCompare("$ref")
        parts.append(_flat(definitions[name], definitions, (*references, name)))
    if "anyOf" in rest:
        parts.append([flat for part in rest.pop("anyOf") for flat in _flat(part, definitions, references)])
    if "oneOf" in rest and "discriminator" in schema:
        parts.append(_tagged(rest.pop("oneOf"), schema["discriminator"]["propertyName"], definitions, references))
    parts += [_flat(part, definitions, references) for part in rest.pop("allOf", ())]
    if isinstance(rest.get("type"), list):
        parts.append([{"type": type_} for type_ in rest.pop("type")])
    if "const" in rest:
        parts.append([{"enum": [rest.pop("const")]}])
    return [_together(rest, *choice) for choice in product(*parts)]


def _tagged(options: list[Any], tag: str, definitions: Schema, references: tuple[str, ...]) -> list[dict[str, Any]]:
    """The options of a union whose tag says which of them a value is. So the tag is there, and no two share one."""
    flats = [flat for option in options for flat in _flat(option, definitions, references)]
    tags: list[str] = []
    for flat in flats:
        tag_schemas = _flat(flat.get("properties", {}).get(tag, True), definitions, references)
        if any("enum" not in schema for schema in tag_schemas):
            raise CannotCompare("discriminator")
        tags += [canonical(value) for schema in tag_schemas for value in schema["enum"]]
    if len({*tags}) < len(tags):
        raise CannotCompare("discriminator")
    return [{**flat, "required": sorted({*flat.get("required", ()), tag})} for flat in flats]


def _together(*parts: dict[str, Any]) -> dict[str, Any]:
    """What all the parts demand."""
    whole: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if canonical(whole.setdefault(key, value)) != canonical(value):
                raise CannotCompare(key)
    for keywords in _ENTANGLED:
        sources = [part for part in parts if keywords & part.keys()]
        if any(_of(part, keywords) != _of(sources[0], keywords) for part in sources):
            raise CannotCompare(min(keywords & sources[0].keys()))
    return whole


def _of(part: dict[str, Any], keywords: frozenset[str]) -> str:
    return canonical({key: value for key, value in part.items() if key in keywords})


def _typed(flat: dict[str, Any]) -> list[Variant]:
    values = flat.get("enum")
    if "type" in flat:
        types = [flat["type"]]
    elif values is not None:
        types = sorted({type_of(value) for value in values})
    else:
        types = [type_ for type_ in KEYWORDS if type_ != "integer"]
    result = []
    for type_ in types:
        if type_ not in KEYWORDS:
            raise CannotCompare("type")
        of_type = None if values is None else tuple(value for value in values if _is_of(value, type_))
        if of_type == ():
            continue
        demands = {key: value for key, value in flat.items() if key in KEYWORDS[type_]}
        opaque = {key: value for key, value in flat.items() if key not in _TYPED_KEYWORDS | {"type", "enum"}}
        result.append(Variant(type_, demands, of_type, opaque))
    return result


def type_of(value: Any) -> str:
    """The type of a JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _is_of(value: Any, type_: str) -> bool:
    return type_of(value) == type_ or (type_, type_of(value)) == ("number", "integer")
