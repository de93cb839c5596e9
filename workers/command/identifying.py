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

Identify = Callable[[CommandEnvelope, bytes, bytes | None], Identified]
"""By the envelope and the value of a command, and what `read_joined` gave with the envelope."""


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
    second, principal_at = 0 if even_expired else identities.now(), identities.principal_at

    def identify(envelope: CommandEnvelope, value: bytes, joined: bytes | None) -> Identified:
        try:
            principal = principal_at(second, envelope, value, joined)
        except IdentityRefused as error:
            if may_be_new and isinstance(error, UnknownKey):
                raise
            return envelope._replace(actor=None), None, error.why
        if principal is None:
            return envelope._replace(actor=None), None, NO_IDENTITY
        name = principal.name
        if name != envelope.actor and not name.startswith(SAGA_PREFIX):
            envelope = envelope._replace(actor=name)
        return envelope, principal, None

    return identify
