"""The Kafka room: topics, the event log, the sender and group subscriptions, all on aiokafka."""
