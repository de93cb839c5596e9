"""How each kind of fault is brought about."""

from random import Random
from typing import TYPE_CHECKING

from tests.simulation.commands import COMMANDS, EVENTS, asked_in
from tests.simulation.faults import Fault
from tests.simulation.process import Condition, Process
from workers.command.reading import Request
from workers.ports.log import InboundRecord

if TYPE_CHECKING:
    from tests.simulation.world import Slot, World


def strike(world: "World", fault: Fault) -> None:
    """Begin a fault, and see to its end."""
    world.note("fault", fault.kind, fault.target)
    world.injected[fault.kind] += 1
    match fault.kind:
        case "kill" | "pause" | "suspend" | "stop" | "evict" | "jump":
            _strike_worker(world, fault, world.slots[fault.target])
        case "database clock":
            world.database_jumped_seconds += fault.amount
        case "empty":
            world.network.strike("Redis", int(fault.amount), world.servers.redis.empty)
        case "lose":
            world.network.strike("Redis", 0, lambda: _lose(world, fault))
        case "half-known":
            world.network.lose_answer(fault.target, int(fault.amount))
        case "shorten":
            _shorten(world, int(fault.target), int(fault.amount))
        case "shorten commands":
            _shorten_commands(world, int(fault.target), int(fault.amount))
        case _:
            _strike_network(world, fault)


def _strike_worker(world: "World", fault: Fault, slot: "Slot") -> None:
    process = slot.process
    if process is not None and process.condition is Condition.paused and fault.kind == "kill":
        world.kill(slot, fault.seconds)
    if process is None or process.condition is not Condition.running:
        return
    match fault.kind:
        case "kill":
            world.loop.strike(process, int(fault.amount), lambda: world.kill(slot, fault.seconds))
        case "pause" | "suspend":
            world.loop.strike(process, int(fault.amount), lambda: _pause(world, fault, process))
        case "stop":
            world.stop(slot, fault.seconds)
        case "evict":
            _evict(world, f"{slot.name}.")
        case _:
            process.jumped_seconds += fault.amount


def _evict(world: "World", prefix: str) -> None:
    for group in world.servers.broker.groups.values():
        for member in [each for each in group.members if each.startswith(prefix)]:
            group.leave(member)


def _pause(world: "World", fault: Fault, process: Process) -> None:
    world.note("paused", process.name)
    world.loop.pause(process, suspended=fault.kind == "suspend")

    def wake() -> None:
        world.note("woken", process.name)
        world.loop.wake(process)

    world.loop.outside_at(world.loop.now + fault.seconds, wake)


def _strike_network(world: "World", fault: Fault) -> None:
    weather, target = world.network.weather, fault.target
    name, _, server = target.partition("/")

    def end() -> None:
        world.note("fault ends", fault.kind, target)
        match fault.kind:
            case "away":
                weather.away.discard(target)
            case "slow":
                weather.slow.pop(target, None)
            case "faulty":
                weather.faulty.pop(target, None)
            case _:
                weather.cut.discard((name, server))

    match fault.kind:
        case "away":
            weather.away.add(target)
        case "slow":
            weather.slow[target] = fault.amount
        case "faulty":
            weather.faulty[target] = fault.amount
        case _:
            weather.cut.add((name, server))
    world.loop.outside_at(world.loop.now + fault.seconds, end)


def _lose(world: "World", fault: Fault) -> None:
    """What was chosen is gone, and the checkpoints stay."""
    world.lost = True
    redis, evicted = world.servers.redis, fault.amount < 0
    documents = sorted((key for key in redis.values if key[0] == "document"), key=str)
    chosen = Random(f"{world.plan.seed} {fault.at}").sample(documents, min(len(documents), abs(int(fault.amount))))
    ids = {key[2] for key in chosen}
    world.note("lost", fault.target, sorted(ids))
    if fault.target in ("document", "both"):
        redis.lose(chosen, evicted=evicted)
    if fault.target in ("index", "both"):
        for key, entries in redis.indexes.items():
            for entry in [each for each in entries if each[1] in ids]:
                redis.lose_entry(key, entry)


def _shorten(world: "World", partition: int, records: int) -> None:
    """The broker loses what it had acknowledged, and nobody says so."""
    world.shortened.add(partition)
    broker = world.servers.broker
    broker.shorten(EVENTS, partition, max(broker.end(EVENTS, partition) - records, 0))


def _shorten_commands(world: "World", partition: int, records: int) -> None:
    """The broker loses its last records: if all of them were handled, as nothing can bring others back."""
    broker = world.servers.broker
    end = broker.end(COMMANDS, partition)
    left = max(end - records, 0)
    lost = broker.read(COMMANDS, partition, left, end)
    if lost and all(_was_handled(world, record) for record in lost):
        world.lost_commands[partition].append((left, lost))
        broker.shorten(COMMANDS, partition, left)


def _was_handled(world: "World", record: InboundRecord) -> bool:
    """Whether it is a command with an outcome; of what is none, nobody can tell."""
    found = asked_in(record)
    return isinstance(found, Request) and found.envelope.id in world.servers.table.commands
