"""Whether every value that one schema allows is read under another one."""

from collections.abc import Iterator
from enum import Enum, auto
from math import inf
from typing import Any

from contracts.compatibility.limits import limit_misfits
from contracts.compatibility.misfit import NOT_SAID, Misfit
from contracts.compatibility.variants import ANNOTATIONS, CannotCompare, Schema, Variant, canonical, variants


class Unknown(Enum):
    """What a reader does with a field that it does not know."""

    REFUSED = auto()
    """As the schema says: what clients send is read strictly, and they may have sent what a schema left open."""
    IGNORED = auto()
    """It is passed over. The writer writes no field that its schema does not name."""
    KEPT = auto()
    """It may not be passed over, or what is stored would say less than it did."""
    CARRIED = auto()
    """As KEPT, but where the schema leaves other fields open the reader keeps it and writes it back. The writer writes
    no field that its schema does not name.
    """


_LOSES_NOTHING = frozenset({Unknown.KEPT, Unknown.CARRIED})


def misfits(written: Schema, accepted: Schema, unknown: Unknown) -> list[Misfit]:
    """What values of the schema `written` may have that a reader with the schema `accepted` does not take."""
    return _Containment(written, accepted, unknown).compare(written, accepted, "")


class _Containment:
    def __init__(self, written: Schema, accepted: Schema, unknown: Unknown) -> None:
        self._written_definitions = written.get("$defs", {})
        self._accepted_definitions = accepted.get("$defs", {})
        self._unknown = unknown
        # Recursive schemas: a pair holds unless something in it does not.
        self._under_way: set[tuple[int, int]] = set()

    def compare(self, written: Schema | bool, accepted: Schema | bool, place: str) -> list[Misfit]:
        pair = (id(written), id(accepted))
        if pair in self._under_way:
            return []
        self._under_way.add(pair)
        try:
            readers = variants(accepted, self._accepted_definitions)
            return [
                misfit
                for variant in variants(written, self._written_definitions)
                for misfit in self._in_any(variant, readers, place)
            ]
        except CannotCompare as error:
            # The same words mean the same, as long as what they refer to is the same.
            if self._same(written, accepted):
                return []
            return [Misfit(place, error.keyword, _said(written, error.keyword), _said(accepted, error.keyword), False)]
        finally:
            self._under_way.discard(pair)

    def _same(self, written: Schema | bool, accepted: Schema | bool) -> bool:
        sides = (written, accepted), (self._written_definitions, self._accepted_definitions)
        return all(_bare(left) == _bare(right) for left, right in sides)

    def _in_any(self, written: Variant, readers: list[Variant], place: str) -> list[Misfit]:
        """Nothing if one of the readers takes the variant; else what keeps it from the one that comes closest."""
        of_type = [reader for reader in readers if _takes_type(reader, written)]
        if not of_type:
            accepted = sorted({reader.type for reader in readers})
            return [Misfit(place, "type", written.type, " or ".join(accepted) or "nothing")]
        closest: list[Misfit] | None = None
        for reader in of_type:
            wrong = list(self._variant(written, reader, place))
            if not wrong:
                return []
            if closest is None or len(wrong) < len(closest):
                closest = wrong
        return closest or []

    def _variant(self, written: Variant, accepted: Variant, place: str) -> Iterator[Misfit]:
        for key in sorted(written.opaque.keys() | accepted.opaque.keys()):
            sides = (written.opaque.get(key, NOT_SAID), accepted.opaque.get(key, NOT_SAID))
            same = NOT_SAID not in sides and self._same({key: sides[0]}, {key: sides[1]})
            if not same:
                yield Misfit(place, key, *sides, certain=False)
        if accepted.values is not None:
            if written.values is None:
                yield Misfit(place, "enum", NOT_SAID, list(accepted.values))
            elif missing := _without(written.values, accepted.values):
                yield Misfit(place, "enum", missing, list(accepted.values))
        match written.type:
            case "object":
                yield from self._object(written.demands, accepted.demands, place)
            case "array":
                yield from self._array(written.demands, accepted.demands, place)
        yield from limit_misfits(written, accepted, place)

    def _array(self, written: Schema, accepted: Schema, place: str) -> Iterator[Misfit]:
        written_first, accepted_first = written.get("prefixItems", []), accepted.get("prefixItems", [])
        longest = written.get("maxItems", inf)
        first = max(len(written_first), len(accepted_first))
        for index in range(int(min(first, longest))):
            item, accepted_item = _item(written_first, written, index), _item(accepted_first, accepted, index)
            yield from self.compare(item, accepted_item, f"{place}[{index}]")
            if index >= written.get("minItems", 0) and index < min(len(written_first), len(accepted_first)):
                yield from self._default(item, accepted_item, f"{place}[{index}]")
        if longest > first:
            yield from self.compare(written.get("items", True), accepted.get("items", True), f"{place}[]")

    def _object(self, written: Schema, accepted: Schema, place: str) -> Iterator[Misfit]:
        if "patternProperties" in written or "patternProperties" in accepted:
            raise CannotCompare("patternProperties")
        fields, accepted_fields = written.get("properties", {}), accepted.get("properties", {})
        for name in accepted.get("required", ()):
            if name not in written.get("required", ()):
                yield Misfit(_below(place, name), "required", "optional" if name in fields else NOT_SAID)
        for name, field in fields.items():
            if name in accepted_fields:
                yield from self.compare(field, accepted_fields[name], _below(place, name))
                if name not in written.get("required", ()):
                    yield from self._default(field, accepted_fields[name], _below(place, name))
            else:
                yield from self._unknown_field(field, accepted, _below(place, name))
        others = self._other_fields(written)
        if others is not False:
            for name in sorted(accepted_fields.keys() - fields.keys()):
                yield from self.compare(others, accepted_fields[name], _below(place, name))
            yield from self._unknown_field(others, accepted, _below(place, "*"))
        yield from self._names(written, accepted, others, place)

    def _other_fields(self, written: Schema) -> Schema | bool:
        """The schema of the fields that a writer adds to those which its schema names; False if it adds none."""
        left_open = self._unknown is Unknown.REFUSED or "properties" not in written
        others: Schema | bool = written.get("additionalProperties", left_open)
        if others is True and self._unknown is Unknown.CARRIED and "properties" in written:
            return False
        return others

    def _unknown_field(self, field: Schema | bool, accepted: Schema, place: str) -> Iterator[Misfit]:
        others = accepted.get("additionalProperties", self._unknown is Unknown.REFUSED or "properties" not in accepted)
        if others is True and self._unknown is Unknown.CARRIED:
            return
        if others is not False:
            yield from self.compare(field, others, place)
        elif self._unknown is Unknown.REFUSED:
            yield Misfit(place, "unknown")
        elif self._unknown in _LOSES_NOTHING:
            yield Misfit(place, "gone")
        elif "minProperties" in accepted:
            yield Misfit(place, "minProperties", NOT_SAID, accepted["minProperties"], certain=False)

    def _default(self, written: Schema | bool, accepted: Schema | bool, place: str) -> Iterator[Misfit]:
        """Stored values lack the fields that were left out: what these mean is the reader's default."""
        before, now = _said(written, "default"), _said(accepted, "default")
        if self._unknown in _LOSES_NOTHING and canonical(_null(before)) != canonical(_null(now)):
            yield Misfit(place, "default", before, now)

    def _names(self, written: Schema, accepted: Schema, others: Schema | bool, place: str) -> Iterator[Misfit]:
        if "propertyNames" not in accepted:
            return
        if "propertyNames" in written:
            names = [written["propertyNames"]]
        else:
            names = [{"type": "string"}] if others is not False else []
            names += [{"const": name} for name in written.get("properties", {})]
        text = {"type": "string"}
        for name in names:
            yield from self.compare({"allOf": [text, name]}, {"allOf": [text, accepted["propertyNames"]]}, place)


def _takes_type(reader: Variant, written: Variant) -> bool:
    return reader.type == written.type or (reader.type, written.type) == ("number", "integer")


def _item(first: list[Any], schema: Schema, index: int) -> Any:
    return first[index] if index < len(first) else schema.get("items", True)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _without(values: tuple[Any, ...], others: tuple[Any, ...]) -> list[Any]:
    other_texts = {canonical(value) for value in others}
    return [value for value in values if canonical(value) not in other_texts]


def _said(schema: Schema | bool, keyword: str) -> Any:
    return NOT_SAID if isinstance(schema, bool) else schema.get(keyword, NOT_SAID)


def _null(value: Any) -> Any:
    return None if value is NOT_SAID else value


def _bare(schema: Any) -> str:
    """The schema without annotations, as text."""
    return canonical(_stripped(schema))


def _stripped(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _stripped(value) for key, value in schema.items() if key not in ANNOTATIONS - {"$defs"}}
    if isinstance(schema, list):
        return [_stripped(value) for value in schema]
    return schema
