"""Which contexts there are, and which of them a process serves."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from contracts.catalogue import catalogue
from contracts.examples import examples
from contracts.installed import BrokenContext, languages
from contracts.schemas import stale_schemas
from infra.contexts import chosen_contexts
from infra.settings import Settings
from tests.contexts.distributions import OF_TICKETS, install, install_tickets
from workers.contexts import ContextMissing, NamedTwice, NoSuchContext
from workers.domain import contexts

SHIPPED = ["inventory", "orders", "payments", "users"]


def chosen(names: str = "") -> list[str]:
    return list(chosen_contexts(Settings(contexts=names)))


@pytest.mark.usefixtures("folder")
def test_the_shipped_contexts_are_served_where_there_are_no_others() -> None:
    assert chosen() == SHIPPED


def test_a_context_of_another_distribution_is_one_like_the_shipped_ones(folder: Path) -> None:
    install_tickets(folder)
    assert chosen() == [*SHIPPED[:3], "tickets", "users"]
    assert chosen("tickets") == ["tickets"]
    assert {"tickets.OpenTicket.v1", "users.CreateUser.v1"} <= catalogue().commands.keys()
    assert "CLOSE_KETTLE" in examples("tickets")
    assert {path.name for path in stale_schemas()} >= {"OpenTicket.v1.json", "TicketClosed.v1.json"}
    assert all(folder in path.parents for path in stale_schemas())


def test_who_only_reads_events_needs_no_more_than_the_published_language(folder: Path) -> None:
    install_tickets(folder)
    (folder / "help_desk-1.0.dist-info" / "entry_points.txt").write_text(
        f"[annals.contracts]\n{OF_TICKETS['annals.contracts']}\n", "utf-8"
    )
    (folder / "tickets" / "context.py").unlink()
    assert "tickets.TicketOpened.v1" in catalogue().events
    assert chosen() == SHIPPED
    with pytest.raises(NoSuchContext, match=r"Its published language alone is installed, by help-desk 1\.0"):
        chosen("tickets")


def test_a_name_that_is_mistyped_is_refused_with_the_right_one(folder: Path) -> None:
    install_tickets(folder)
    with pytest.raises(NoSuchContext, match=r"There is no context ticket to serve\. Did you mean tickets"):
        chosen("ticket,users")


@pytest.mark.parametrize("names", ["Users", "users;orders", "users,,orders", ",", "users orders", "u" * 61])
def test_a_setting_that_has_no_names_is_refused(names: str) -> None:
    with pytest.raises(ValidationError, match="must have the form users,shipments"):
        Settings(contexts=names)


def test_a_context_whose_saga_would_wait_for_one_that_is_left_out_is_refused() -> None:
    with pytest.raises(ContextMissing, match=r"orders needs the context \w+: its saga fulfilment follows events of"):
        chosen("orders")


def test_a_read_model_is_without_the_parts_that_others_would_feed() -> None:
    (card,) = chosen_contexts(Settings(contexts="users"))["users"].projections
    assert card.sections == ()
    document = {"user_id": "ada", "version": 1}
    assert card.whole(document) == contexts()["users"].projections[0].whole(document)


@pytest.mark.parametrize(
    ("entry_points", "files", "told"),
    [
        pytest.param(
            {"annals.contracts": "tickets = nowhere"},
            {},
            "nowhere cannot be imported: ModuleNotFoundError: No module named 'nowhere'",
            id="no-package",
        ),
        pytest.param(
            {"annals.contracts": "tickets = faulty"},
            {"faulty/__init__.py": "", "faulty/commands.py": "x = 1 / 0"},
            r"faulty.commands cannot be imported: ZeroDivisionError: division by zero \(.*faulty/commands.py, line 1\)",
            id="code-that-fails",
        ),
        pytest.param(
            {"annals.contracts": "tickets = faulty"},
            {"faulty/__init__.py": "", "faulty/events.py": "def ("},
            "faulty.events cannot be imported: SyntaxError",
            id="no-python",
        ),
        pytest.param(
            {"annals.contracts": "tickets = plain"}, {"plain.py": ""}, "plain is no package", id="a-plain-module"
        ),
        pytest.param(
            {"annals.contracts": "tickets = hollow"},
            {"hollow/__init__.py": ""},
            "the package hollow has no module commands or events",
            id="no-messages",
        ),
        pytest.param(
            {"annals.contracts": "tickets = hollow"},
            {"hollow/__init__.py": "", "hollow/commands.py": ""},
            "no class in hollow.commands or .events is a Command or an Event",
            id="no-classes",
        ),
        pytest.param(
            {"annals.contracts": "support = tickets.contracts"},
            None,
            "declares the context tickets, and not support",
            id="another-name",
        ),
        pytest.param(
            {"annals.contracts": "Tickets = tickets.contracts"}, None, "the name of a context has", id="an-unfit-name"
        ),
        pytest.param(
            {"annals.contracts": "users = tickets.contracts"},
            None,
            "annals ships a context of that name. Give it another name",
            id="the-name-of-a-shipped-one",
        ),
    ],
)
def test_a_published_language_that_cannot_be_used_is_refused_with_its_distribution(
    folder: Path, entry_points: dict[str, str], files: dict[str, str] | None, told: str
) -> None:
    if files is None:
        install_tickets(folder)
        (folder / "help_desk-1.0.dist-info" / "entry_points.txt").unlink()
    install(folder, "guilty", entry_points, files)
    with pytest.raises(BrokenContext, match=f"^guilty 1.0 declares `.*{told}"):
        catalogue()


def test_a_context_that_two_distributions_declare_is_refused_with_both(folder: Path) -> None:
    install_tickets(folder)
    install(folder, "other-desk", {"annals.contracts": OF_TICKETS["annals.contracts"]})
    with pytest.raises(BrokenContext, match=r"(help|other)-desk 1\.0 declares .* (help|other)-desk 1\.0 declares that"):
        languages()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("tickets.context", "must have the form package.module:context"),
        ("tickets.nowhere:context", "tickets.nowhere cannot be imported: ModuleNotFoundError"),
        ("tickets.context:nothing", "tickets.context has no nothing"),
        ("tickets.context:decide", "decide is a function, and no workers.core.context.Context"),
        ("workers.domain.users:context", "its context is called users"),
    ],
)
def test_a_context_that_cannot_be_used_is_refused_unless_it_is_left_out(folder: Path, value: str, told: str) -> None:
    install_tickets(folder)
    entry_points = folder / "help_desk-1.0.dist-info" / "entry_points.txt"
    text = entry_points.read_text("utf-8")
    entry_points.write_text(text.replace("= tickets.context:context", f"= {value}"), "utf-8")
    with pytest.raises(BrokenContext, match=f"^help-desk 1.0 declares `tickets = {value}` .*{told}"):
        chosen()
    assert chosen("inventory") == ["inventory"]


def test_a_context_that_opens_others_to_a_saga_which_it_has_not_is_refused(folder: Path) -> None:
    install_tickets(folder)
    module = folder / "tickets" / "context.py"
    text = """
from dataclasses import replace

from contracts.users.commands import DeleteUser
from workers.core.access import OfSaga

access = replace(context.access, elsewhere={DeleteUser: (OfSaga("sweeping"),)})
context = replace(context, access=access)
"""
    module.write_text(module.read_text("utf-8") + text, "utf-8")
    with pytest.raises(BrokenContext, match=r"lets the saga sweeping send users\.DeleteUser\.v1, and it has no such"):
        chosen()


def test_a_context_without_a_published_language_is_refused(folder: Path) -> None:
    install_tickets(folder)
    (folder / "help_desk-1.0.dist-info" / "entry_points.txt").write_text(
        f"[annals.contexts]\n{OF_TICKETS['annals.contexts']}\n", "utf-8"
    )
    with pytest.raises(BrokenContext, match=r"no published language of tickets\. Declare its package of messages"):
        chosen("tickets")


def test_two_read_models_of_one_name_are_refused_with_both_contexts(folder: Path) -> None:
    install_tickets(folder)
    code = folder / "tickets" / "context.py"
    code.write_text(code.read_text("utf-8").replace('"help_desk"', '"users"'), "utf-8")
    with pytest.raises(NamedTwice, match="tickets and users both have a read model called users"):
        chosen()
