"""Laws of the tables that say who may do what."""

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.message import Command
from contracts.principal import Principal, saga_principal
from workers.contexts import load
from workers.core.access import KNOWN, OWNER, OfSaga, Read, Scope, allows, is_owner
from workers.core.context import Context
from workers.testing.laws.about import Laws


class AccessLaws(Laws):
    """Of each context's table: nothing is missing in it, and it allows nobody by mistake."""

    def test_has_a_row_for_each_command_and_each_way_of_reading(self, context: Context) -> None:
        assert set(context.access.commands) == _commands_of(context)
        assert set(context.access.reads) == set(Read)
        for row in [*context.access.commands.values(), *context.access.reads.values()]:
            assert row, "an empty row: leave nobody out by mistake, name whom it is for"
            assert len(set(row)) == len(row)

    def test_writing_and_reading_need_scopes_of_their_own(self, context: Context) -> None:
        for row in context.access.commands.values():
            assert {who.name for who in row if isinstance(who, Scope)} <= {f"{context.name}.write"}
            assert KNOWN not in row
        for row in context.access.reads.values():
            assert {who.name for who in row if isinstance(who, Scope)} <= {f"{context.name}.read"}
            assert not any(isinstance(who, OfSaga) for who in row)

    def test_names_sagas_that_there_are(self, context: Context) -> None:
        named = {who.name for row in context.access.commands.values() for who in row if isinstance(who, OfSaga)}
        assert named <= set(_sagas())

    def test_allows_nobody_who_is_not_known_anything(self, context: Context) -> None:
        for row in [*context.access.commands.values(), *context.access.reads.values()]:
            assert not allows(row, None)
        for command in _example_commands(context):
            assert not context.access.may_command(None, command, command.stream_id, context.decider.initial)

    def test_allows_whom_a_row_names_and_nobody_else(self, context: Context) -> None:
        """The table is asked in another form, in which it is quicker: it says what the rows say."""
        access, state, scopes = context.access, context.decider.initial, context.access.scopes
        for command in _example_commands(context):
            row, stream_id = access.commands[type(command)], command.stream_id
            owner = access.owner(stream_id, state) or access.founder(command)
            names = {stream_id, owner or "", "mallory", *(saga_principal(name).name for name in _sagas())}
            granted = [frozenset[str](), scopes, *(frozenset({scope}) for scope in sorted(scopes))]
            for principal in [Principal(name, frozenset(has)) for name in sorted(names) for has in granted]:
                may = any(is_owner(principal, owner) if who is OWNER else who.allows(principal) for who in row)
                assert access.may_command(principal, command, stream_id, state) == may, (type(command), principal)

    def test_what_only_sagas_may_no_scope_allows(self, context: Context) -> None:
        all_powerful = Principal("root", context.access.scopes)
        for command in _example_commands(context):
            if all(isinstance(who, OfSaga) for who in context.access.commands[type(command)]):
                state = context.decider.initial
                assert not context.access.may_command(all_powerful, command, command.stream_id, state)


def _commands_of(context: Context) -> set[type[Command]]:
    return {model for model in catalogue().commands.values() if model.context == context.name}


def _example_commands(context: Context) -> list[Command]:
    examples = [example for model in context.access.commands for example in examples_of(model).values()]
    return [example for example in examples if isinstance(example, Command)]


def _sagas() -> list[str]:
    """The names of the sagas of every installed context."""
    return [saga.name for context in load().values() for saga in context.sagas]
