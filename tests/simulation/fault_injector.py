"""Injects the faults of a plan: each kind in its own way."""

from random import Random
from typing import TYPE_CHECKING

from tests.simulation.commands import COMMANDS, EVENTS, key_of, parsed_command
from tests.simulation.faults import Fault
from tests.simulation.process import Condition, Process
from workers.command.reading import Request
from workers.ports.log import InboundRecord

if TYPE_CHECKING:
    from tests.simulation.world import WorkerSlot, World


def inject(world: "World", fault: Fault) -> None:
    """Begin a fault, and plan its end."""
    world.note("fault", fault.kind, fault.target)
    world.injected[fault.kind] += 1
    match fault.kind:
        case "kill" | "pause" | "suspend" | "stop" | "evict" | "jump":
            _disturb_worker(world, fault, world.slots[fault.target])
        case "database clock":
            world.database_jumped_seconds += fault.amount
        case "empty":
            world.network.interrupt("Redis", int(fault.amount), world.servers.redis.empty)
        case "lose":
            world.network.interrupt("Redis", 0, lambda: _lose(world, fault))
        case "half-known":
            world.network.lose_answer(fault.target, int(fault.amount))
        case "shorten":
            _shorten(world, int(fault.target), int(fault.amount))
        case "shorten commands":
            _shorten_commands(world, int(fault.target), int(fault.amount))
        case _:
            _disturb_network(world, fault)


def _disturb_worker(world: "World", fault: Fault, slot: "WorkerSlot") -> None:
    process = slot.process
    if process is not None and process.condition is Condition.paused and fault.kind == "kill":
        world.kill(slot, fault.seconds)
    if process is None or process.condition is not Condition.running:
        return
    match fault.kind:
        case "kill":
            world.loop.interrupt(process, int(fault.amount), lambda: world.kill(slot, fault.seconds))
        case "pause" | "suspend":
            world.loop.interrupt(process, int(fault.amount), lambda: _pause(world, fault, process))
        case "stop":
            world.stop(slot, fault.seconds)
        case "evict":
            _evict(world, f"{slot.name}.")
        case _:
            process.jumped_seconds += fault.amount


def _evict(world: "World", prefix: str) -> None:
    for group in world.servers.broker.groups.values():
        for member in [name for name in group.members if name.startswith(prefix)]:
            group.leave(member)


def _pause(world: "World", fault: Fault, process: Process) -> None:
    world.note("paused", process.name)
    world.loop.pause(process, suspended=fault.kind == "suspend")

    def resume() -> None:
        world.note("resumed", process.name)
        world.loop.resume(process)

    world.loop.outside_at(world.loop.now + fault.seconds, resume)


def _disturb_network(world: "World", fault: Fault) -> None:
    conditions, target = world.network.conditions, fault.target
    name, _, server = target.partition("/")

    def end() -> None:
        world.note("fault ends", fault.kind, target)
        match fault.kind:
            case "away":
                conditions.away.discard(target)
            case "slow":
                conditions.slow.pop(target, None)
            case "faulty":
                conditions.faulty.pop(target, None)
            case _:
                conditions.cut.discard((name, server))

    match fault.kind:
        case "away":
            conditions.away.add(target)
        case "slow":
            conditions.slow[target] = fault.amount
        case "faulty":
            conditions.faulty[target] = fault.amount
        case _:
            conditions.cut.add((name, server))
    world.loop.outside_at(world.loop.now + fault.seconds, end)


def _lose(world: "World", fault: Fault) -> None:
    """Documents with their sections or index entries are lost, and the checkpoints stay."""
    world.lost = True
    redis, evicted = world.servers.redis, fault.amount < 0
    documents = sorted((key for key in redis.values if key[0] == "document"), key=str)
    sections = sorted((key for key in redis.hashes if key[0] == "sections"), key=str)
    chance, count = Random(f"{world.plan.seed} {fault.at}"), abs(int(fault.amount))
    chosen = chance.sample(documents, min(len(documents), count))
    ids = {key[2] for key in chosen}
    chosen += chance.sample(sections, min(len(sections), count))
    world.note("lost", fault.target, sorted(ids))
    if fault.target in ("document", "both"):
        redis.lose(chosen, evicted=evicted)
    if fault.target in ("index", "both"):
        for key, entries in redis.indexes.items():
            for entry in [listed for listed in entries if listed[1] in ids]:
                redis.lose_entry(key, entry)


def _shorten(world: "World", partition: int, records: int) -> None:
    """The broker loses the last events of a partition, which it had acknowledged, and does not say so."""
    world.shortened.add(partition)
    broker = world.servers.broker
    broker.shorten(EVENTS, partition, max(broker.end(EVENTS, partition) - records, 0))


def _shorten_commands(world: "World", partition: int, records: int) -> None:
    """The broker loses the last commands of a partition, if all were handled: nothing could bring others back."""
    broker = world.servers.broker
    end = broker.end(COMMANDS, partition)
    left = max(end - records, 0)
    lost = broker.read(COMMANDS, partition, left, end)
    if lost and all(_was_handled(world, record) for record in lost):
        world.lost_commands[partition].append((left, lost))
        broker.shorten(COMMANDS, partition, left)


def _was_handled(world: "World", record: InboundRecord) -> bool:
    """Whether it is a command with an outcome."""
    parsed = parsed_command(record)
    return isinstance(parsed, Request) and key_of(parsed) in world.servers.table.commands
