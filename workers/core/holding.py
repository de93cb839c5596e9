"""A holding: what a stream keeps for an instance of a saga, such as money that is set aside for an order. A
verification asks the saga whether the instance owns it: without an owner it would stay there for ever.
"""

from typing import NamedTuple


class Holding(NamedTuple):
    """`amount` (as text) of `unit`, kept by a stream of a context for the instance `owner`. `ended_by` is the command
    that a person can send to end it.
    """

    context: str
    stream_id: str
    owner: str
    amount: str
    unit: str
    ended_by: str
