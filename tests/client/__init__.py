"""The client that other services import, on a real Kafka."""
