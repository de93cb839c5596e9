"""Who has sent the commands of a batch, by the proofs that they carry. Without one nobody is known to have sent it."""

from collections.abc import Sequence

from contracts.identity import Identities, IdentityRefused, IdentitySource, UnknownKey
from contracts.principal import SAGA_PREFIX, Principal
from workers.command.reading import Request

NO_IDENTITY = "it has no identity (ce_identity)"


async def identified(
    requests: Sequence[Request], source: IdentitySource, *, even_expired: bool = False
) -> list[Request]:
    """The requests, each with its sender. Nothing else that they say of their actor is believed, but what a saga says:
    on whose behalf it acts. Raises Unavailable.
    """
    identities = await source.current()
    try:
        return [_identified(request, identities, may_wait=True, even_expired=even_expired) for request in requests]
    except UnknownKey:
        # Perhaps it was made since: a rejection would be final.
        identities = await source.renewed(identities)
        return [_identified(request, identities, may_wait=False, even_expired=even_expired) for request in requests]


def _identified(request: Request, identities: Identities, *, may_wait: bool, even_expired: bool) -> Request:
    envelope, principal, why = request.envelope, None, NO_IDENTITY
    try:
        principal = identities.principal(envelope, request.record.value or b"", even_expired=even_expired)
    except IdentityRefused as error:
        if may_wait and isinstance(error, UnknownKey):
            raise
        why = error.why
    actor = _actor(principal, envelope.actor)
    if actor != envelope.actor:
        envelope = envelope._replace(actor=actor)
    return Request(
        request.record, envelope, request.command, request.rejection, principal, None if principal is not None else why
    )


def _actor(principal: Principal | None, stated: str | None) -> str | None:
    if principal is None:
        return None
    return stated if principal.name.startswith(SAGA_PREFIX) else principal.name
