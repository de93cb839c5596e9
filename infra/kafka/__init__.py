"""The Kafka room: topics, the event log, the courier and group subscriptions, all on aiokafka."""
