"""Who has sent a command, by the proof that it carries. Without one nobody is known to have sent it."""

from collections.abc import Callable
from typing import TypeVar

from contracts.envelope import CommandEnvelope
from contracts.identity import Identities, IdentityRefused, IdentitySource, UnknownKey
from contracts.principal import SAGA_PREFIX, Principal

NO_IDENTITY = "it has no identity (ce_identity)"

Result = TypeVar("Result")


Identified = tuple[CommandEnvelope, Principal | None, str | None]
"""The envelope with the actor who is proven, or whom a saga names: nothing else that a command says of its actor is
believed. Then who has sent it; or None, and why nobody is known to have. (A plain tuple, as each command needs one.)
"""

Identify = Callable[[CommandEnvelope, bytes], Identified]
"""By the envelope and the value of a command."""


async def identifying(
    source: IdentitySource, work: Callable[[Identify], Result], *, even_expired: bool = False
) -> Result:
    """What the work makes of identities. It is done again when it meets a key that was perhaps made since the keys were
    read: a rejection would be final. Raises Unavailable.
    """
    identities = await source.current()
    try:
        return work(_looking(identities, even_expired=even_expired, may_be_new=True))
    except UnknownKey:
        identities = await source.renewed(identities)
        return work(_looking(identities, even_expired=even_expired, may_be_new=False))


def _looking(identities: Identities, *, even_expired: bool, may_be_new: bool) -> Identify:
    """`may_be_new`: for an identity by a key that is not there it raises UnknownKey."""

    def identify(envelope: CommandEnvelope, value: bytes) -> Identified:
        principal, unproven = None, NO_IDENTITY
        try:
            principal = identities.principal(envelope, value, even_expired=even_expired)
        except IdentityRefused as error:
            if may_be_new and isinstance(error, UnknownKey):
                raise
            unproven = error.why
        if principal is None:
            return envelope._replace(actor=None), None, unproven
        if principal.name != envelope.actor and not principal.name.startswith(SAGA_PREFIX):
            envelope = envelope._replace(actor=principal.name)
        return envelope, principal, None

    return identify
