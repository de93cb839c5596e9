"""Latency at a steady rate, beside the floor of the same run.

Open loop: a command is sent when it is due, whether or not earlier ones were answered, and its time counts from when it
was due. So a worker that stalls shows in the latency of every command that waited for it.

The floor is what the same servers take for the same journey without Annals: one Kafka hop to a bare worker, one durable
Postgres commit for all that has arrived, one Kafka hop back; by the same drivers, at the same rate, over as many
partitions.
"""
