"""What a consumer asks for next is what aiokafka's fetcher would ask for, whatever state its partitions are in."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from hypothesis import given
from hypothesis import strategies as st

from contracts.client.fetch_rounds import RoundFetcher, WantedFetch, by_topic, wanted_of

PLACES = [TopicPartition(topic, partition) for topic in ("users.events", "orders.events") for partition in range(3)]
NODES = [1, 2, None, -1]
LEADERS = st.fixed_dictionaries({place: st.sampled_from(NODES) for place in PLACES})
MOST_BYTES = 1000


class Cluster(SimpleNamespace):
    """The metadata that a client has."""

    leaders: Mapping[TopicPartition, int | None]

    @property
    def _partitions(self) -> Mapping[TopicPartition, int | None]:
        return self.leaders

    def leader_for_partition(self, place: TopicPartition) -> int | None:
        return self.leaders[place]


class State(SimpleNamespace):
    """Of a partition, as aiokafka has it."""

    position: int | None
    paused: bool
    resume_fut: object

    @property
    def has_valid_position(self) -> bool:
        return self.position is not None


class Result(NamedTuple):
    """Records that wait to be taken, for so many seconds at most."""

    seconds: float

    def calculate_backoff(self) -> float:
        return self.seconds


STATES = st.builds(
    State,
    position=st.none() | st.integers(0, 9),
    paused=st.booleans(),
    resume_fut=st.builds(object),
)
ASSIGNMENTS = st.dictionaries(st.sampled_from(PLACES), STATES).map(
    lambda states: SimpleNamespace(tps=frozenset(states), state_value=states.get)
)
RESULTS = st.dictionaries(st.sampled_from(PLACES), st.sampled_from([0, 0.05, 0.1]))


def fetcher_of(cluster: Cluster, rack: str | None) -> Any:
    """A fetcher that does not run, of a consumer that may prefer the brokers of its rack."""
    fetcher: Any = RoundFetcher.__new__(RoundFetcher)
    fetcher._client = SimpleNamespace(cluster=cluster)
    fetcher._preferred_read_replica = {}
    fetcher._client_rack = rack
    fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes, fetcher._fetch_max_bytes = 500, 1, 8000
    fetcher._max_partition_fetch_bytes, fetcher._isolation_level, fetcher._fetcher_timeout = MOST_BYTES, 0, 0.2
    return fetcher


def readable(actions: tuple[Any, ...]) -> Mapping[str, object]:
    fetches, resets, look_again_seconds, lacks_leaders, resumed = actions
    return {
        "fetches": {node_id: dict(wanted_of(request.topics)) for node_id, request in fetches},
        "resets": {node_id: set(places) for node_id, places in resets.items()},
        "look again": look_again_seconds,
        "lacks leaders": lacks_leaders,
        "resumed": set(map(id, resumed)),
    }


@given(st.data())
def test_is_what_aiokafka_would_fetch(data: st.DataObject) -> None:
    cluster = Cluster(leaders=data.draw(LEADERS))
    fetcher, assignment = fetcher_of(cluster, data.draw(st.sampled_from([None, "rack-1"]))), data.draw(ASSIGNMENTS)
    for _ in range(data.draw(st.integers(1, 5))):
        match data.draw(st.sampled_from(["nothing", "another assignment", "other leaders", "a partition moves"])):
            case "another assignment":
                assignment = data.draw(ASSIGNMENTS)
            case "other leaders":
                cluster.leaders = data.draw(LEADERS)
            case "a partition moves":
                for place in assignment.tps:
                    vars(assignment.state_value(place)).update(vars(data.draw(STATES)))
        fetcher._records = {
            place: Result(seconds) for place, seconds in data.draw(RESULTS).items() if place in assignment.tps
        }
        fetcher._in_flight = data.draw(st.sets(st.sampled_from([1, 2])))
        actions = fetcher._get_actions_per_node(assignment)
        assert all(type(request) is WantedFetch for _, request in actions[0]), "only those go in a session"
        assert readable(actions) == readable(Fetcher._get_actions_per_node(fetcher, assignment))


@given(st.dictionaries(st.sampled_from(PLACES), st.tuples(st.integers(0, 9), st.just(MOST_BYTES))))
def test_is_the_same_by_topic(wanted: Mapping[TopicPartition, tuple[int, int]]) -> None:
    assert wanted_of(by_topic(wanted)) == wanted
