"""`annals send` tells that a command is deprecated, whether or not it has an outcome yet."""

import json
from datetime import UTC, date, datetime

import pytest

from contracts.deprecation import Deprecated
from contracts.message import Command, Message
from contracts.outcome import Outcome
from infra.cli.sent_line import show_outcome, show_unanswered

LATE = Deprecated(since=date(2027, 6, 1), use="parcels.ShipParcel.v1")
SENTENCE = "parcels.PostParcel.v1 is deprecated since 2027-06-01: send parcels.ShipParcel.v1 instead"


class ParcelStream(Message, context="parcels", stream_field="parcel_id"):
    """The base of the command."""

    parcel_id: str


class PostParcel(Command, ParcelStream, deprecated=LATE):
    """Send it."""


OUTCOME = Outcome(
    command_id="1",
    type="parcels.PostParcel.v1",
    status="accepted",
    stream_id="7",
    stream_version=1,
    partition=0,
    sequence=1,
    events=(),
    error=None,
    correlation_id="1",
    handled_at=datetime(2027, 7, 1, tzinfo=UTC),
    deprecation=LATE,
)


def test_with_its_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(OUTCOME, as_json=False)
    assert SENTENCE in capsys.readouterr().out
    show_outcome(OUTCOME, as_json=True)
    assert json.loads(capsys.readouterr().out)["deprecation"] == {"since": "2027-06-01", "use": "parcels.ShipParcel.v1"}


def test_without_an_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    command = PostParcel.model_validate({"parcel_id": "7"})
    show_unanswered(command, "1", 10, as_json=False)
    assert SENTENCE in capsys.readouterr().err
    show_unanswered(command, "1", 10, as_json=True)
    assert json.loads(capsys.readouterr().out)["deprecation"]["use"] == "parcels.ShipParcel.v1"


def test_and_says_nothing_of_another(capsys: pytest.CaptureFixture[str]) -> None:
    other = OUTCOME.model_copy(update={"deprecation": None})
    show_outcome(other, as_json=False)
    show_outcome(other, as_json=True)
    assert "deprecat" not in capsys.readouterr().out
