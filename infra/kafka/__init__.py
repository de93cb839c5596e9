"""Kafka's adapters: topics, the event log, the message sender and group subscriptions, all on aiokafka."""
