"""A command from another client than Annals provides passes through the whole system once."""

import json

from contracts.outcome import Outcome
from tests.sent_commands import command, create_user
from tests.system import System
from tests.waiting import until


async def test_becomes_one_row_one_record_one_card_and_a_welcome_follows(system: System) -> None:
    sent = create_user(first_name="Grace", city="New York")
    system.send([sent])

    async def welcomed() -> bool:
        card = await system.redis.get(f"{system.settings.topic_prefix}annals:users:1:document:{sent.stream_id}")
        return card is not None and json.loads(card)["welcomed_at"] is not None

    await until(welcomed, "the card shows that the user is welcomed")
    rows = await system.database.fetch(
        "SELECT type, stream_version, command_id::text, event_id::text, data FROM annals.events "
        "WHERE stream_id = $1 ORDER BY stream_version",
        sent.stream_id,
    )
    assert [(row["type"], row["stream_version"]) for row in rows] == [("UserCreated", 1), ("UserWelcomed", 2)]
    assert rows[0]["command_id"] == sent.command_id
    records = [
        record
        for partition in system.records("users.events")
        for record in partition
        if record.key().decode() == sent.stream_id
    ]
    assert len(records) == 2
    headers = {name: value.decode() for name, value in records[0].headers()}
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"] == rows[0]["event_id"]
    assert headers["ce_type"] == "users.UserCreated.v2"
    assert headers["ce_subject"] == sent.stream_id
    assert headers["ce_source"]
    assert headers["content-type"] == "application/json"
    assert headers["ce_correlationid"] == sent.command_id
    assert headers["ce_causationid"] == sent.command_id
    assert headers["ce_streamversion"] == "1"
    assert int(headers["ce_sequence"]) >= 1
    assert json.loads(records[0].value())["first_name"] == "Grace"
    welcome = {name: value.decode() for name, value in records[1].headers()}
    assert welcome["ce_correlationid"] == sent.command_id, "the whole request carries one correlation id"


async def test_sent_ten_times_gives_one_event_and_ten_equal_outcomes(system: System) -> None:
    user = create_user()
    sent = command("users.CreateUser.v1", user.stream_id, user.value, ce_replyto=f"{system.topic('replies')}:3")
    system.send([sent] * 10)

    async def answers() -> list[bytes]:
        values = [record.value() for record in system.records("replies")[3] if record.key().decode() == sent.command_id]
        return values if len(values) >= 10 else []

    replies = await until(answers, "ten replies", every=0.5)
    assert len(replies) == 10
    assert len(set(replies)) == 1
    outcome = Outcome.model_validate_json(replies[0])
    assert outcome.status == "accepted"
    assert outcome.to_json() == replies[0], "the hot path writes the same bytes as the published model"
    count = "SELECT count(*) FROM annals.events WHERE command_id = $1"
    assert await system.value(count, sent.command_id) == 1


async def test_in_the_wrong_partition_is_handled_in_the_right_one_with_its_headers_untouched(system: System) -> None:
    sent = [create_user() for _ in range(20)]
    system.send(sent)  # librdkafka places keys by CRC32: most of these are in a partition that is not theirs

    async def handled() -> bool:
        ids = [command.command_id for command in sent]
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[]) AND status = 'accepted'"
        return bool(await system.value(query, ids) == len(sent))

    await until(handled, "all twenty are handled")
    wanted = {command.command_id: command for command in sent}
    forwarded = [
        record
        for partition in system.records("users.commands")
        for record in partition
        if dict(record.headers())["ce_id"].decode() in wanted
    ]
    assert len(forwarded) > len(sent), "some were forwarded"
    for record in forwarded:
        original = wanted[dict(record.headers())["ce_id"].decode()]
        assert record.headers() == original.headers
        assert record.value() == original.value
