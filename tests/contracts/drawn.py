"""Hypothesis strategies for messages, drawn from their published schemas rather than from their models: so a test that
builds a message of what was drawn also says that the schema promises nothing that the model refuses.
"""

import re
from typing import Any

from hypothesis import strategies as st

from contracts.message import Message
from contracts.schemas import schema_of

A_FEW = 3
_NO_SURROGATES = st.characters(exclude_categories=["Cs"])


def messages(model: type[Message]) -> st.SearchStrategy[Message]:
    """Any message of this kind."""
    return values_of(schema_of(model)).map(model.model_validate)


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any JSON value that the schema of a message allows."""
    return _values(schema, schema.get("$defs", {}))


def _values(schema: dict[str, Any], named: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema:
        case {"$ref": reference}:
            return _values(named[reference.removeprefix("#/$defs/")], named)
        case {"anyOf": variants}:
            return st.one_of([_values(variant, named) for variant in variants])
        case {"type": "object", "properties": properties}:
            required = set(schema.get("required", ()))
            fields = {name: _values(field, named) for name, field in properties.items()}
            return st.fixed_dictionaries(
                {name: values for name, values in fields.items() if name in required},
                optional={name: values for name, values in fields.items() if name not in required},
            )
        case {"type": "array", "items": items}:
            # A few show what many would; the longest list has a test of its own.
            longest = min(schema.get("maxItems", A_FEW), A_FEW)
            return st.lists(_values(items, named), min_size=schema.get("minItems", 0), max_size=longest)
        case {"type": "integer", "minimum": least, "maximum": most}:
            return st.integers(least, most)
        case {"type": "null"}:
            return st.none()
        case {"type": "string", "pattern": pattern}:
            # `$` is the end of the text in JSON Schema; in Python it may stand before a last newline.
            whole = re.compile(pattern.removesuffix("$") + r"\Z")
            shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 10_000)
            # The models strip white space before they count.
            return st.from_regex(whole, alphabet=_NO_SURROGATES).filter(
                lambda text: shortest <= len(text.strip()) and len(text) <= longest
            )
        case _:
            raise NotImplementedError(f"draw values for {schema}: add a case above")
