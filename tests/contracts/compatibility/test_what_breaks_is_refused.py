"""Each kind of change by name: whether an event may make it, whether a command may, and what is said if not."""

from typing import Any, NamedTuple

import pytest

from contracts.compatibility.rules import command_breaks, event_breaks


class Change(NamedTuple):
    """A field's schema before and after. None: there is no such field. `event` and `command` are in the reasons why
    neither may change so; an empty text: it may.
    """

    before: Any
    now: Any
    event: str
    command: str
    definitions_before: dict[str, Any] = {}  # noqa: RUF012 - a value of a named tuple is never changed
    definitions_now: dict[str, Any] = {}  # noqa: RUF012 - as above


def text(**limits: Any) -> dict[str, Any]:
    return {"type": "string", **limits}


def whole(**limits: Any) -> dict[str, Any]:
    return {"type": "integer", **limits}


def many(items: Any, **limits: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **limits}


def record(*required: str, closed: bool = True, **fields: Any) -> dict[str, Any]:
    shape = {"type": "object", "properties": fields, "required": list(required)}
    return shape | ({"additionalProperties": False} if closed else {})


def any_of(*schemas: Any) -> dict[str, Any]:
    return {"anyOf": list(schemas)}


def tagged(*schemas: Any) -> dict[str, Any]:
    return {"oneOf": list(schemas), "discriminator": {"propertyName": "kind"}}


def of_kind(kind: str, **fields: Any) -> dict[str, Any]:
    return record("kind", *fields, kind={"const": kind, "type": "string"}, **fields)


class Optional(dict[str, Any]):
    """A field that may be left out."""


NULL = {"type": "null"}
REF = {"$ref": "#/$defs/Line"}
TREE = {"Line": record(below=Optional(many(REF)), size=Optional(whole(maximum=9)))}
BIG_TREE = {"Line": record(below=Optional(many(REF)), size=Optional(whole(maximum=8)))}
TEXT, WHOLE = text(), whole()

CHANGES = {
    "a required field is added": Change(None, TEXT, "`x` is required now, stored events lack it", "clients lack it"),
    "an optional field is added": Change(None, Optional(TEXT), "", ""),
    "a required field is removed": Change(TEXT, None, "`x` is gone now, stored events carry it", "`x` is unknown now"),
    "an optional field is removed": Change(Optional(TEXT), None, "gone now", "unknown now, old clients have it"),
    "a field becomes required": Change(Optional(TEXT), TEXT, "required now, stored events may lack it", "may lack it"),
    "a field becomes optional": Change(TEXT, Optional(TEXT), "was required before, new events may lack it", ""),
    "a field may be null": Change(TEXT, any_of(TEXT, NULL), "was string before, new events may have null", ""),
    "a field may no longer be null": Change(any_of(TEXT, NULL), TEXT, "stored events may have null", "may have null"),
    "a default changes": Change(
        Optional(whole(default=1)), Optional(whole(default=2)), "left out, it is 2 now, and 1", ""
    ),
    "another type": Change(TEXT, WHOLE, "is integer now, stored events may have string", "may have string"),
    "a whole number becomes any": Change(WHOLE, {"type": "number"}, "new events may have number", ""),
    "a number becomes whole": Change({"type": "number"}, WHOLE, "may have number", "may have number"),
    "one more type": Change(TEXT, any_of(TEXT, WHOLE), "was string before", ""),
    "one type less": Change({"type": ["string", "integer"]}, TEXT, "may have integer", "may have integer"),
    "a shorter text": Change(text(maxLength=9), text(maxLength=8), "`maxLength` is 8 now", "`maxLength` is 8 now"),
    "a longer text": Change(
        text(maxLength=8), text(maxLength=9), "`maxLength` was 8 before, new events may have 9", ""
    ),
    "a text with a first limit": Change(TEXT, text(maxLength=8), "may have none", "`maxLength` is 8 now"),
    "a text that may not be empty": Change(TEXT, text(minLength=1), "`minLength` is 1 now", "`minLength` is 1 now"),
    "a first pattern": Change(TEXT, text(pattern="^a$"), "`pattern` is ^a$ now", "`pattern` is ^a$ now"),
    "another pattern": Change(text(pattern="^a$"), text(pattern="^[ab]$"), "for certain", "for certain"),
    "no pattern any more": Change(text(pattern="^a$"), TEXT, "`pattern` was ^a$ before", ""),
    "another format": Change(text(format="date"), text(format="uuid"), "for certain", "for certain"),
    "no format any more": Change(text(format="date"), TEXT, "`format` was date before", ""),
    "a decimal of more places": Change(
        text(pattern=r"^[0-9]+(\.[0-9]{1,2})?$"), text(pattern=r"^[0-9]+(\.[0-9]{1,3})?$"), "for certain", "for certain"
    ),
    "a lower maximum": Change(whole(maximum=9), whole(maximum=8), "`maximum` is 8 now", "`maximum` is 8 now"),
    "a higher maximum": Change(whole(maximum=8), whole(maximum=9), "`maximum` was 8 before", ""),
    "the same maximum, said otherwise": Change(whole(maximum=8), whole(exclusiveMaximum=9), "", ""),
    "a maximum that is excluded": Change(
        {"type": "number", "maximum": 9}, {"type": "number", "exclusiveMaximum": 9}, "is 9 now", "is 9 now"
    ),
    "a higher minimum": Change(whole(minimum=0), whole(exclusiveMinimum=0), "`exclusiveMinimum` is 0", "is 0 now"),
    "a lower minimum": Change(whole(minimum=1), whole(minimum=0), "`minimum` was 1 before", ""),
    "another step": Change(whole(multipleOf=2), whole(multipleOf=3), "`multipleOf` is 3 now", "`multipleOf` is 3 now"),
    "a finer step": Change(whole(multipleOf=4), whole(multipleOf=2), "`multipleOf` was 4 before", ""),
    "a value less": Change(
        {"enum": ["a", "b"]}, {"enum": ["a"]}, '`enum` is ["a"] now, stored events may have ["b"]', '"b"'
    ),
    "a value more": Change({"enum": ["a"]}, {"enum": ["a", "b"]}, '`enum` was ["a"] before', ""),
    "another constant": Change({"const": "a"}, {"const": "b"}, '`enum` is ["b"] now', '`enum` is ["b"] now'),
    "any text instead of some": Change({"enum": ["a"]}, text(maxLength=1), "`enum` was", ""),
    "some texts instead of any": Change(text(maxLength=1), {"enum": ["a"]}, "`enum` is", "`enum` is"),
    "true is not 1": Change({"enum": [1]}, {"enum": [True]}, "is boolean now", "is boolean now"),
    "a shorter list": Change(many(TEXT, maxItems=9), many(TEXT, maxItems=8), "`maxItems` is 8 now", "`maxItems` is 8"),
    "a longer list": Change(many(TEXT, maxItems=8), many(TEXT, maxItems=9), "`maxItems` was 8 before", ""),
    "a list that may not be empty": Change(
        many(TEXT), many(TEXT, minItems=1), "`minItems` is 1 now", "`minItems` is 1"
    ),
    "a list without repeats": Change(many(TEXT), many(TEXT, uniqueItems=True), "`uniqueItems`", "`uniqueItems`"),
    "other items": Change(many(TEXT), many(WHOLE), "`x[]` is integer now", "`x[]` is integer now"),
    "another item of a pair": Change(
        {"type": "array", "prefixItems": [TEXT, TEXT], "minItems": 2, "maxItems": 2},
        {"type": "array", "prefixItems": [TEXT, WHOLE], "minItems": 2, "maxItems": 2},
        "`x[1]` is integer now",
        "`x[1]` is integer now",
    ),
    "a nested field is removed": Change(record(y=TEXT), record(), "`x.y` is gone now", "`x.y` is unknown now"),
    "a nested field is required": Change(
        record(), record("y", y=TEXT), "`x.y` is required now", "`x.y` is required now"
    ),
    "an optional nested field is added": Change(record(), record(y=TEXT), "", ""),
    "an optional field is added where clients may have sent it": Change(
        record(closed=False), record(closed=False, y=TEXT), "", "`x.y` is string now, old clients may have"
    ),
    "a nested object refuses what it passed over": Change(record(closed=False), record(), "", "unknown now"),
    "a field of a list's items": Change(
        many(record(y=text(maxLength=2))), many(record(y=text(maxLength=1))), "`x[].y`: `maxLength`", "`x[].y`"
    ),
    "values of a dictionary": Change(
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": WHOLE},
        "`x.*` is integer now",
        "`x.*` is integer now",
    ),
    "a dictionary with fewer keys": Change(
        {"type": "object", "additionalProperties": TEXT, "maxProperties": 9},
        {"type": "object", "additionalProperties": TEXT, "maxProperties": 8},
        "`maxProperties` is 8 now",
        "`maxProperties` is 8 now",
    ),
    "a dictionary becomes an object": Change(
        {"type": "object", "additionalProperties": TEXT}, record(y=TEXT), "`x.*` is gone now", "`x.*` is unknown now"
    ),
    "a definition changes": Change(
        REF, REF, "`x.a` is integer now", "`x.a`", {"Line": record(a=TEXT)}, {"Line": record(a=WHOLE)}
    ),
    "a definition is renamed": Change(
        REF, {"$ref": "#/$defs/Row"}, "", "", {"Line": record(a=TEXT)}, {"Row": record(a=TEXT)}
    ),
    "a definition is written out": Change(REF, record(a=TEXT), "", "", {"Line": record(a=TEXT)}),
    "a recursive definition stays": Change(REF, REF, "", "", TREE, TREE),
    "a recursive definition changes": Change(REF, REF, "`x.size`: `maximum` is 8", "`maximum`", TREE, BIG_TREE),
    "one more kind": Change(
        tagged(of_kind("a"), of_kind("b")), tagged(of_kind("a"), of_kind("b"), of_kind("c")), "`x.kind`: `enum` was", ""
    ),
    "one kind less": Change(
        tagged(of_kind("a"), of_kind("b")), tagged(of_kind("a")), "`x.kind`: `enum` is", "`x.kind`: `enum` is"
    ),
    "a kind has another field": Change(
        tagged(of_kind("a"), of_kind("b", y=TEXT)),
        tagged(of_kind("a"), of_kind("b", y=WHOLE)),
        "is integer",
        "is integer",
    ),
    "a union is told apart by its kind": Change(
        any_of(of_kind("a"), of_kind("b")), tagged(of_kind("b"), of_kind("a")), "", ""
    ),
    "a keyword that is not understood": Change(TEXT, text(contentEncoding="base64"), "for certain", "for certain"),
    "a keyword of one's own": Change(
        text(unit="cents"), text(unit="euros"), "`unit` is euros now", "`unit` is euros now"
    ),
    "words for people": Change(
        text(title="A", description="b"), text(title="B", examples=["c"], deprecated=True), "", ""
    ),
    "nothing fits any more": Change(TEXT, False, "is nothing now", "is nothing now"),
    "everything fits": Change(TEXT, True, "was string before", ""),
}


def _message(field: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    fields = {} if field is None else {"x": field}
    required = [] if field is None or isinstance(field, Optional) else ["x"]
    return {"$defs": definitions, **record(*required, **fields)}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_and_all_else_may_be(change: Change) -> None:
    before = _message(change.before, change.definitions_before)
    now = _message(change.now, change.definitions_now)
    event, command = event_breaks(before, now), command_breaks(before, now)
    assert change.event in "; ".join(event)
    assert bool(change.event) == bool(event), event
    assert change.command in "; ".join(command)
    assert bool(change.command) == bool(command), command


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_and_what_stays_as_it_was_fits(change: Change) -> None:
    for field, definitions in ((change.before, change.definitions_before), (change.now, change.definitions_now)):
        assert event_breaks(_message(field, definitions), _message(field, definitions)) == []
        assert command_breaks(_message(field, definitions), _message(field, definitions)) == []
