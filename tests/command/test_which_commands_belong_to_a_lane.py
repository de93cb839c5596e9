"""A command belongs to the lane of its key: it is handled there, or sent there, and never both."""

from contracts.partitioner import partition_for
from contracts.users.commands import CreateUser
from contracts.users.examples import CREATE_ADA
from tests.command.installation import COMMANDS, record
from workers.command.directing import directed, redirected
from workers.command.reading import Request, read

PARTITIONS = 4
KEYS = [f"user-{number}" for number in range(40)]


def request(user_id: str, number: int) -> Request:
    command = CREATE_ADA.model_copy(update={"user_id": user_id})
    result = read(record(command, number), {CreateUser.type: CreateUser}, "users")
    assert isinstance(result, Request)
    return result


REQUESTS = [request(user_id, number) for number, user_id in enumerate(KEYS)]


def test_each_belongs_to_one_lane_and_keeps_its_place_among_the_others() -> None:
    shares = [directed(REQUESTS, (), partition, PARTITIONS) for partition in range(PARTITIONS)]
    for partition, (own_share, elsewhere) in enumerate(shares):
        assert own_share == [
            request for request in REQUESTS if partition_for(request.envelope.subject.encode(), 4) == partition
        ]
        assert elsewhere == [request for request in REQUESTS if request not in own_share]
        assert own_share, "the keys are chosen so that every lane has some"


def test_those_of_a_stream_that_the_lane_has_had_belong_to_it_without_a_question() -> None:
    stream_ids = {KEYS[0], KEYS[1]}
    own_share, elsewhere = directed(REQUESTS[:2], stream_ids, PARTITIONS, PARTITIONS)
    assert (own_share, elsewhere) == (REQUESTS[:2], []), "no key has this partition: only what is known is here"


def test_what_belongs_elsewhere_is_sent_as_it_came_to_where_it_is_never_sent_on() -> None:
    _, elsewhere = directed(REQUESTS, (), 0, PARTITIONS)
    for request in elsewhere:
        topic, partition, message = redirected(request, COMMANDS, PARTITIONS)
        assert (topic, message.key, message.value) == (COMMANDS, request.record.key, request.record.value)
        assert list(message.headers) == list(request.record.headers)
        assert directed([request], (), partition, PARTITIONS) == ([request], [])
