"""Unique claims, credentials and snapshots."""

from contracts.catalogue import stored_events
from tests.simulation.calm_schedule import CHANGED, DELETED, UNCHANGED
from tests.simulation.counting import USERS
from tests.simulation.roles import Servers
from workers.command.snapshots import Snapshots
from workers.ports.event_store import SnapshotRow


def _claim_of(servers: Servers, user_id: str) -> tuple[str, str, str]:
    return next(claim for claim, holder in servers.table.unique_claims.items() if holder == user_id)


def release_a_claim(servers: Servers) -> None:
    del servers.table.unique_claims[_claim_of(servers, CHANGED)]


def give_a_claim_away(servers: Servers) -> None:
    servers.table.unique_claims[_claim_of(servers, CHANGED)] = UNCHANGED


def leave_a_claim_over(servers: Servers) -> None:
    context, scope, _ = _claim_of(servers, CHANGED)
    servers.table.unique_claims[context, scope, "bob@example.org"] = DELETED


def leave_a_credential_over(servers: Servers) -> None:
    servers.table.credentials["users", DELETED] = "a secret"


def change_a_snapshot(servers: Servers) -> None:
    fingerprint = Snapshots("users", USERS.decider, stored_events()).fingerprint
    servers.table.snapshots["users", CHANGED] = SnapshotRow(CHANGED, 1, fingerprint, "of another state", b"{}")
