"""The AsyncAPI document."""

import json
from collections.abc import Iterator
from typing import Any

from contracts.asyncapi import asyncapi
from contracts.catalogue import catalogue
from contracts.topics import Topics


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for nested in value.values():
            yield from _references(nested)
    elif isinstance(value, list):
        for nested in value:
            yield from _references(nested)


def test_has_every_topic_under_its_prefix_with_its_messages() -> None:
    document = asyncapi(Topics("staging."), "1.2.3")
    channels = document["channels"]
    assert channels["replies"]["address"] == "staging.replies"
    for context in catalogue().contexts:
        assert channels[f"{context}.commands"]["address"] == f"staging.{context}.commands"
        assert channels[f"{context}.events"]["address"] == f"staging.{context}.events"
    assert channels["analytics.windows"]["address"] == "staging.analytics.windows"
    declared = {*catalogue().commands, *catalogue().events, "Outcome", "PublishedWindow", "PublishedPosition"}
    assert document["components"]["messages"].keys() == declared


def test_refers_to_nothing_that_it_does_not_hold() -> None:
    document = json.loads(json.dumps(asyncapi(Topics(), "1.2.3")))
    references = list(_references(document))
    assert references
    for reference in references:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_shows_examples_that_are_messages() -> None:
    document = asyncapi(Topics(), "1.2.3")
    declared = {**catalogue().commands, **catalogue().events}
    for type_, model in declared.items():
        shown = document["components"]["messages"][type_]["examples"]
        assert shown
        for example in shown:
            model.model_validate(example["payload"])
