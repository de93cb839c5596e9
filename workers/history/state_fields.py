"""A state for a person to read."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python


def state_fields(state: Any) -> dict[str, Any]:
    """A state's fields by name as JSON values, for any kind of frozen value; money as text."""
    if isinstance(state, BaseModel):
        return state.model_dump(mode="json")
    if dataclasses.is_dataclass(state) and not isinstance(state, type):
        named = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    else:
        named = state._asdict()
    jsonable: dict[str, Any] = to_jsonable_python(named, fallback=_plain)
    return jsonable


def _plain(value: Any) -> Any:
    """Converts what pydantic cannot: an immutable mapping."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a state holds a {type(value).__name__}, which JSON cannot say")
