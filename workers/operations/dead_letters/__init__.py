"""Dead letters: the commands that a worker could not handle. What each says, what a retry would do, and doing it.

A letter is never removed from Kafka. What operators did about it is recorded as interventions, and its state follows
from them.
"""
