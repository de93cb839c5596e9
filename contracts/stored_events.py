"""The one place where stored bytes become events, whoever reads them: workers, gateway, operators and other services.

What is stored keeps its bytes for ever. Here an older version becomes the present one by its upcasters, and fields that
this release does not know are passed over. An event of a type that this release does not declare was written by a newer
one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from contracts.envelope import MalformedMessage
from contracts.message import Event
from contracts.upcasting import NO_UPCASTERS, Fields, Part, Upcaster, Upcasters

UPCASTER_FAILED = "UpcasterFailed"
"""The reason of a MalformedMessage: not the event is at fault, but the code."""

Validate = Callable[[bytes], Event]


class NewerRelease(MalformedMessage):
    """A message of a type that this release does not declare: a newer release has written it. Upgrade this process."""

    def __init__(self, wire_type: str) -> None:
        super().__init__("NewerRelease", f"{wire_type} was written by a newer release: upgrade this process")
        self.wire_type = wire_type


class StoredEvents:
    """Reads the events of these types, the retired ones included.

    `models` are all of them by wire type.
    """

    def __init__(self, models: Mapping[str, type[Event]], upcasters: Upcasters = NO_UPCASTERS) -> None:
        self.models = dict(models)
        self._upcasters = upcasters
        # Of the present events by wire type: a single look-up leads to what reads them.
        self._present = {type_: _tolerant(model) for type_, model in models.items() if type_ not in upcasters.by_type}
        self._becomes = {
            type_: frozenset(self.models[later] for later in self.path(type_) if later in self._present)
            for type_ in self.models
        }

    @property
    def present(self) -> Mapping[str, Validate]:
        """By the wire type of each event that is not retired, what reads its JSON. Raises ValueError."""
        return self._present

    def upcasting_code(self, *contexts: str) -> Sequence[Callable[..., Any]]:
        """The functions of the upcasters of these contexts: a part of the code that reads their events."""
        return [
            upcaster.function
            for _, upcaster in sorted(self._upcasters.by_type.items())
            if upcaster.model.context in contexts
        ]

    def becomes(self, wire_type: str) -> frozenset[type[Event]]:
        """The present events that a stored one of this type may be today; none if the type is not declared."""
        return self._becomes.get(wire_type, frozenset())

    def path(self, wire_type: str) -> frozenset[str]:
        """The wire types that a stored event of this type has been read as by some release: itself, and what upcasters
        made of it.
        """
        if wire_type not in self.models:
            return frozenset()
        later = (self.path(model.type) for model in self._upcasters.next_models.get(wire_type, ()))
        return frozenset({wire_type}).union(*later)

    def of(self, context: str) -> "StoredEvents":
        """The events of one context only."""
        return StoredEvents(
            {type_: model for type_, model in self.models.items() if model.context == context}, self._upcasters
        )

    def read(self, wire_type: str, data: bytes) -> tuple[Event, ...]:
        """The events that the stored event of this type with this JSON is today: one, as a rule.

        Raises NewerRelease for a type that is not declared, and MalformedMessage for fields that do not fit.
        """
        validate = self._present.get(wire_type)
        if validate is not None:
            return (_read(wire_type, validate, data),)
        model = self.models.get(wire_type)
        if model is None:
            raise NewerRelease(wire_type)
        try:
            fields = from_json(data)
        except ValueError as error:
            raise MalformedMessage("NotAnEvent", f"{wire_type} is not JSON") from error
        if not isinstance(fields, dict):
            raise MalformedMessage("NotAnEvent", f"{wire_type} is not a JSON object")
        return tuple(
            _read(part.model.type, self._present[part.model.type], _as_json(part))
            for part in self._upcast(Part(model, fields))
        )

    def _upcast(self, part: Part) -> list[Part]:
        upcaster = self._upcasters.by_type.get(part.model.type)
        if upcaster is None:
            return [part]
        next_models = self._upcasters.next_models[part.model.type]
        result = _called(upcaster, part.fields)
        parts = _parts(result) if upcaster.into else [Part(next_models[0], result)]
        if not parts:
            raise _failed(upcaster, f"gave no parts, but a {type(result).__name__}")
        for next_part in parts:
            if next_part.model not in next_models:
                raise _failed(upcaster, f"gave a part that is not among {[model.type for model in next_models]}")
            if not isinstance(next_part.fields, dict):
                raise _failed(upcaster, f"gave a {type(next_part.fields).__name__} in place of fields")
            if next_part.fields.get(next_part.model.stream_field) != part.fields.get(part.model.stream_field):
                raise _failed(upcaster, "gave an event of another stream")
        return [final for next_part in parts for final in self._upcast(next_part)]


def _tolerant(model: type[Event]) -> Validate:
    validate: Any = model.__pydantic_validator__.validate_json
    return lambda data: validate(data, extra="ignore")


def _read(wire_type: str, validate: Validate, data: bytes) -> Event:
    try:
        return validate(data)
    except ValueError as error:
        raise MalformedMessage("NotAnEvent", f"the fields of {wire_type} are wrong") from error


def _as_json(part: Part) -> bytes:
    try:
        return to_json(part.fields)
    except ValueError as error:
        raise MalformedMessage("NotAnEvent", f"the fields of {part.model.type} are no JSON") from error


def _parts(result: Any) -> list[Part]:
    """The parts that an upcaster gave; none when it gave anything else."""
    is_parts = isinstance(result, Sequence) and all(isinstance(part, Part) for part in result)
    return list(result) if is_parts else []


def _called(upcaster: Upcaster, fields: Fields) -> Any:
    try:
        return upcaster(fields)
    except Exception as error:
        raise _failed(upcaster, f"raised {type(error).__name__}") from error


def _failed(upcaster: Upcaster, what: str) -> MalformedMessage:
    """Without the fields, which may be secrets."""
    function = upcaster.function
    return MalformedMessage(UPCASTER_FAILED, f"{function.__module__}.{function.__qualname__} {what}: correct it")
