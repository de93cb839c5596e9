"""Who may do what over HTTP: the rules of the contexts, looked at before anything is sent or shown.

A command is looked at again where it is decided. Here it is refused before preconditions or an undo could tell what its
stream is like. A stream that is not the caller's is answered as one that does not exist.
"""

from collections.abc import Iterable, Mapping

from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal
from workers.core.access import FORBIDDEN, OWNER, Read, Row, allows, either, is_owner, owned_by_its_name
from workers.core.context import Context
from workers.core.folding import fold
from workers.core.projection import Document
from workers.gateway.archive import Archive
from workers.gateway.kept import Kept
from workers.gateway.problems import Problem
from workers.history.reading import NoSuchPast
from workers.ports.history import Correlated


class Guard:
    """The rules of the contexts. Without `is_on` everybody may everything."""

    def __init__(self, contexts: Mapping[str, Context], archive: Archive, *, is_on: bool) -> None:
        self.contexts = contexts
        self._archive = archive
        self.is_on = is_on

    async def require_command(
        self, asker: Principal | None, kept: Kept, command: Command, *, creates: bool = False
    ) -> None:
        """Raises Problem if the asker may not send the command, and Unavailable. `creates`: it may begin its stream."""
        if not self.is_on:
            return
        access = self.contexts[command.context].access
        row = access.commands.get(type(command), ())
        if allows(row, asker):
            return
        if OWNER not in row:
            raise forbidden(command.name, row)
        owner = await self._owner(command.context, command.stream_id)
        if not is_owner(asker, owner or access.founder(command)):
            raise forbidden(command.name, row) if creates else nothing_there(kept, command.stream_id)

    async def require_stream(self, asker: Principal | None, kept: Kept, read: Read, stream_id: str) -> None:
        """Raises Problem if the asker may not read this of the stream, and Unavailable."""
        if self.is_on and self._needs_owner(asker, kept, read):
            owner = await self._owner(kept.context, stream_id)
            if not is_owner(asker, owner):
                raise nothing_there(kept, stream_id)

    def require_card(self, asker: Principal | None, kept: Kept, stream_id: str, card: Document | None) -> None:
        """Raises Problem if the asker may not see the card of the stream, or whether there is one."""
        if self.is_on and self._needs_owner(asker, kept, Read.CARD):
            access = self.contexts[kept.context].access
            if self.knows_owner_by_name(kept.context):
                owner = access.owner(stream_id, None)
            else:
                owner = None if card is None else access.owner_in(card)
            if not is_owner(asker, owner):
                raise nothing_there(kept, stream_id)

    def knows_owner_by_name(self, context: str) -> bool:
        """Whether the name of a stream of this context tells whose it is."""
        return self.contexts[context].access.owner is owned_by_its_name

    def require_find(self, asker: Principal | None, kept: Kept, owner: str | None = None) -> None:
        """Raises Problem if the asker may not find documents of the context: all, or those of an owner."""
        if not self.is_on:
            return
        row = self._row(kept.context, Read.FIND)
        if not (allows(row, asker) or (OWNER in row and is_owner(asker, owner))):
            raise forbidden(f"the list of {kept.context}", row)

    def require_sums(self, asker: Principal | None, what: str, contexts: Iterable[str]) -> None:
        """Raises Problem if the asker may not see sums of the events of all of these contexts."""
        for context in contexts:
            row = self._row(context, Read.ANALYTICS)
            if self.is_on and not allows(row, asker):
                raise forbidden(what, row)

    def shows_at_once(self, asker: Principal | None, context: str, read: Read, owner: str | None) -> bool:
        """Whether the rules allow it, as far as they can tell without looking. `owner`: of streams with such names."""
        if not self.is_on:
            return True
        row = self._row(context, read)
        named_so = self.knows_owner_by_name(context)
        return allows(row, asker) or (OWNER in row and named_so and is_owner(asker, owner))

    async def may_see_outcome(self, asker: Principal | None, outcome: Outcome) -> bool:
        """Whether the asker may see the outcome: by its scopes, or as who sent the command. Raises Unavailable."""
        row = self._row(outcome.context, Read.OUTCOME)
        if not self.is_on or allows(row, asker):
            return True
        if OWNER not in row:
            return False
        actor = await self._archive.actor(outcome.context, outcome.stream_id, outcome.command_id)
        return is_owner(asker, actor)

    def visible(self, asker: Principal | None, correlated: Correlated) -> Correlated:
        """What the asker may see of this: by its scopes, and what came from its own requests. Anybody may send a
        command under the correlation id of another, so what others have sent hides nothing.
        """
        if not self.is_on:
            return correlated

        def is_visible(context: str, actor: str | None) -> bool:
            row = self._row(context, Read.CORRELATION)
            return allows(row, asker) or (OWNER in row and is_owner(asker, actor))

        commands = [row for row in correlated.commands if is_visible(row.context, row.actor)]
        events = [row for row in correlated.events if is_visible(row.context, row.actor)]
        steps = [step for step in correlated.steps if is_visible(step.command_type.partition(".")[0], step.actor)]
        begun_by, of_steps = {row.event_id for row in events}, {(step.saga, step.instance_id) for step in steps}
        sagas = [
            saga for saga in correlated.sagas if saga.begun_by in begun_by or (saga.saga, saga.instance_id) in of_steps
        ]
        shown = {(saga.saga, saga.instance_id) for saga in sagas}
        notices = [notice for notice in correlated.notices if (notice.saga, notice.instance_id) in shown]
        return Correlated(commands, events, steps, sagas, notices, correlated.cut)

    def _row(self, context: str, read: Read) -> Row:
        declared = self.contexts.get(context)
        return () if declared is None else declared.access.reads.get(read, ())

    def _needs_owner(self, asker: Principal | None, kept: Kept, read: Read) -> bool:
        """Whether only the owner may. Raises Problem if the asker may not, whoever the owner is."""
        row = self._row(kept.context, read)
        if allows(row, asker):
            return False
        if OWNER not in row:
            raise forbidden(f"the {read} of {kept.noun}", row)
        return True

    async def _owner(self, context: str, stream_id: str) -> str | None:
        """The owner of a stream; None if it has none or does not exist."""
        declared = self.contexts[context]
        if self.knows_owner_by_name(context):
            return stream_id
        try:
            events = await self._archive.until(context, stream_id)
        except NoSuchPast:
            return None
        return declared.access.owner(stream_id, fold(declared.decider, [recorded.event for recorded in events]))


def forbidden(what: str, row: Row) -> Problem:
    """The problem of somebody who may not do what the row is about."""
    needs = [str(who) for who in row]
    detail = f"{what[:1].upper()}{what[1:]} is for {either(needs)} only."
    return Problem(403, FORBIDDEN, detail, extensions={"details": {"needs": needs}})


def nothing_there(kept: Kept, stream_id: str) -> Problem:
    """The problem that a stream does not exist, or that the asker may not know of it."""
    return Problem(404, kept.not_found, f"There is no {kept.noun.removeprefix('the ')} {stream_id}.")
