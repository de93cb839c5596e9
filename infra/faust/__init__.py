"""Faust: membership, assignment, tables that are read back from their changelog, and streams, for analytics.

Everything that reaches Kafka does so as in infra/kafka: the same security, the same consumer (it knows signed records
and bounds what it unpacks), idempotent producers. Faust's own web server, its leader's topic and the making of topics
are off.
"""
