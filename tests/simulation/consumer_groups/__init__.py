"""Consumer groups in memory: a coordinator with members, generations and rebalances, and a subscription that uses it.

The simulation needs them, because it kills, pauses and evicts the members of a group. The tests in
`tests/ports/test_subscription.py` run over this subscription and over Kafka's alike.
"""
