"""What a stream keeps for an instance of a saga, such as money that is set aside for an order. A verification asks the
saga whether the instance answers for it: what nobody answers for would stay there for ever.
"""

from typing import NamedTuple


class Holding(NamedTuple):
    """So much, as text, of this unit, kept by a stream of a context for the instance `owner`. `ended_by`: the command
    that ends it, for a person to send.
    """

    context: str
    stream_id: str
    owner: str
    amount: str
    unit: str
    ended_by: str
