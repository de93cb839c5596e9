"""Hypothesis strategies for messages, drawn from their published schemas rather than from their models: so a test that
builds a message of what was drawn also says that the schema promises nothing that the model refuses.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta, timezone
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.message import Message
from contracts.schemas import schema_of

Values = st.SearchStrategy[Any]
AnyMessage = TypeVar("AnyMessage", bound=Message)

A_FEW = 3
LONGEST_TEXT = 10_000
LARGEST_INTEGER = 2**63 - 1
FEW_DIGITS = 999
_NO_SURROGATES = st.characters(exclude_categories=["Cs"])
# What a column of text can hold as well.
_PRINTABLE = st.characters(exclude_categories=["Cs", "Cc"])


class CannotDraw(NotImplementedError):
    """No values are known for a part of a schema. Give a strategy for its field: `messages(model, field=…)`."""

    def __init__(self, model: type[Message], field: str, schema: Mapping[str, Any]) -> None:
        super().__init__(
            f"{model.type}: no values can be drawn for the field {field}, whose schema is {json.dumps(schema)}: give a "
            f"strategy for it, messages({model.__name__}, {field}=…)"
        )
        self.model, self.field, self.schema = model, field, schema


class SchemaTooWide(AssertionError):
    """The schema of a message allows what its model refuses: who reads the schema only would send it."""

    def __init__(self, model: type[Message], value: Mapping[str, Any], reason: str) -> None:
        super().__init__(
            f"the schema of {model.type} allows {json.dumps(value)}, which its model refuses: {reason}. Say the rule "
            "in the schema too (Field(pattern=…, ge=…), WithJsonSchema), or leave it to the decider."
        )
        self.model, self.value, self.reason = model, value, reason


def messages(model: type[AnyMessage], /, **fields: Values) -> st.SearchStrategy[AnyMessage]:
    """Any message of this kind. `fields` are strategies for the JSON values of some of its fields.

    Raises CannotDraw when a field's schema says too little; drawing raises SchemaTooWide.
    """
    schema = schema_of(model)
    named, required = schema.get("$defs", {}), set(schema.get("required", ()))
    drawn = {}
    for name, field in schema["properties"].items():
        try:
            drawn[name] = fields[name] if name in fields else _values(field, named)
        except _Unknown as error:
            raise CannotDraw(model, name, error.schema) from None

    def built(value: dict[str, Any]) -> AnyMessage:
        try:
            return model.model_validate_json(json.dumps(value))
        except ValidationError as error:
            raise SchemaTooWide(model, value, str(error)) from None

    return _object(drawn, required).map(built)


def values_of(schema: Mapping[str, Any]) -> Values:
    """Any JSON value that the schema of a message allows, as far as it tells."""
    return _values(schema, schema.get("$defs", {}))


class _Unknown(Exception):
    def __init__(self, schema: Mapping[str, Any]) -> None:
        super().__init__(schema)
        self.schema = schema


def _values(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Values:
    match schema:
        case {"$ref": reference}:
            name = reference.removeprefix("#/$defs/")
            is_deferred = _is_recursive(name, named)
            return st.deferred(lambda: _values(named[name], named)) if is_deferred else _values(named[name], named)
        case {"anyOf": [{"type": "number"} as number, {"type": "string"} as text, *others]} if "format" not in text:
            variants = [_decimals(number), *(_values(variant, named) for variant in others)]
            return st.one_of(variants)
        case {"oneOf": variants, "discriminator": {"propertyName": tag}}:
            return st.one_of([_tagged(variant, tag, named) for variant in variants])
        case {"anyOf": variants} | {"oneOf": variants}:
            return st.one_of([_values(variant, named) for variant in variants])
        case {"allOf": [only]}:
            return _values(only, named)
        case {"const": _} | {"enum": _}:
            return st.sampled_from(schema.get("enum") or [schema["const"]])
        case {"type": "array"}:
            return _arrays(schema, named)
        case {"type": "object"}:
            return _objects(schema, named)
        case {"type": kind} if kind in _SCALARS:
            return _SCALARS[kind](schema)
        case _:
            raise _Unknown(schema)


def _tagged(variant: Mapping[str, Any], tag: str, named: Mapping[str, Any]) -> Values:
    """A variant that is told from the others by a field, which must be there even if it has a default."""
    definition = named[variant["$ref"].removeprefix("#/$defs/")]
    return _values({**definition, "required": [*definition.get("required", ()), tag]}, named)


def _decimals(number: Mapping[str, Any]) -> Values:
    """Texts of decimal numbers. How many digits and places there may be the schema does not tell, so they are small and
    whole; a field that shall have others takes a strategy of its own.
    """
    bounds = {"minimum": -FEW_DIGITS, "maximum": FEW_DIGITS}
    bounds |= {name: value for name, value in number.items() if name in _BOUNDS}
    return _integers({name: int(value) for name, value in bounds.items()}).map(str)


def _is_recursive(name: str, named: Mapping[str, Any]) -> bool:
    """Whether a definition is reached from itself."""
    seen: set[str] = set()
    to_come = [name]
    while to_come:
        for reference in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(named[to_come.pop()])):
            if reference == name:
                return True
            if reference not in seen:
                seen.add(reference)
                to_come.append(reference)
    return False


def _objects(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Values:
    if "properties" in schema:
        fields = {name: _values(field, named) for name, field in schema["properties"].items()}
        return _object(fields, set(schema.get("required", ())))
    values = schema.get("additionalProperties")
    if not isinstance(values, Mapping):
        raise _Unknown(schema)
    names = _values({"type": "string", "maxLength": 20, **schema.get("propertyNames", {})}, named)
    fewest = schema.get("minProperties", 0)
    most = _a_few(fewest, schema.get("maxProperties", math.inf))
    return st.dictionaries(names, _values(values, named), min_size=fewest, max_size=most)


def _object(fields: Mapping[str, Values], required: set[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {name: values for name, values in fields.items() if name in required},
        optional={name: values for name, values in fields.items() if name not in required},
    )


def _integers(schema: Mapping[str, Any]) -> Values:
    step = schema.get("multipleOf", 1)
    least = max(schema.get("minimum", -LARGEST_INTEGER), schema.get("exclusiveMinimum", -math.inf) + 1)
    most = min(schema.get("maximum", LARGEST_INTEGER), schema.get("exclusiveMaximum", math.inf) - 1)
    return st.integers(math.ceil(least / step) if step != 1 else int(least), int(most // step)).map(
        lambda count: count * step
    )


def _numbers(schema: Mapping[str, Any]) -> Values:
    if step := schema.get("multipleOf"):
        within = {name: value / step for name, value in schema.items() if name in _BOUNDS}
        return _integers({"minimum": -(10**6), "maximum": 10**6, **within}).map(lambda count: count * step)
    return st.floats(
        schema.get("exclusiveMinimum", schema.get("minimum")),
        schema.get("exclusiveMaximum", schema.get("maximum")),
        exclude_min="exclusiveMinimum" in schema,
        exclude_max="exclusiveMaximum" in schema,
        allow_nan=False,
        allow_infinity=False,
    )


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _arrays(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Values:
    if "prefixItems" in schema:
        return st.tuples(*(_values(item, named) for item in schema["prefixItems"])).map(list)
    if "items" not in schema:
        raise _Unknown(schema)
    # A few show what many would; the longest list has a test of its own.
    fewest = schema.get("minItems", 0)
    unique_by: Callable[[Any], str] | None = json.dumps if schema.get("uniqueItems") else None
    longest = _a_few(fewest, schema.get("maxItems", math.inf))
    return st.lists(_values(schema["items"], named), min_size=fewest, max_size=longest, unique_by=unique_by)


def _a_few(fewest: int, most: float) -> int:
    return int(min(most, max(fewest, A_FEW)))


@cache
def _matching(pattern: str, shortest: int = 0, longest: int = LONGEST_TEXT) -> Values:
    """Kept, as making such a strategy takes milliseconds. The models strip white space before they count."""
    # `$` is the end of the text in JSON Schema; in Python it may stand before a last newline.
    whole = re.compile(pattern.removesuffix("$") + r"\Z" * pattern.endswith("$"))
    texts = st.from_regex(whole, alphabet=_NO_SURROGATES)
    return texts.filter(lambda text: shortest <= len(text.strip()) <= len(text) <= longest)


def _texts(schema: Mapping[str, Any]) -> Values:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", LONGEST_TEXT)
    if "pattern" in schema:
        return _matching(schema["pattern"], shortest, longest)
    if "format" in schema:
        if schema["format"] not in _FORMATS:
            raise _Unknown(schema)
        return _FORMATS[schema["format"]]()
    return st.text(_PRINTABLE, min_size=shortest, max_size=min(longest, max(shortest, 50))).filter(
        lambda text: shortest <= len(text.strip())
    )


def _moments() -> Values:
    offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    return st.datetimes(timezones=st.one_of(st.just(UTC), offsets)).map(lambda moment: moment.isoformat())


_FORMATS: Mapping[str, Callable[[], Values]] = {
    "date": lambda: st.dates().map(str),
    "date-time": _moments,
    "time": lambda: st.times().map(lambda time: time.isoformat()),
    "duration": lambda: st.integers(-(10**9), 10**9).map(lambda seconds: f"{'-' * (seconds < 0)}PT{abs(seconds)}S"),
    "uuid": lambda: st.uuids().map(str),
    "ipv4": lambda: st.ip_addresses(v=4).map(str),
    "ipv6": lambda: st.ip_addresses(v=6).map(str),
    "email": lambda: _matching(r"^[a-z][a-z0-9]{0,9}@example\.(org|com)$"),
    "uri": lambda: _matching(r"^https://example\.(org|com)/[a-z0-9]{0,9}$"),
}

_SCALARS: Mapping[str, Callable[[Mapping[str, Any]], Values]] = {
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "integer": _integers,
    "number": _numbers,
    "string": _texts,
}
