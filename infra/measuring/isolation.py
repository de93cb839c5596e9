"""What measurements on servers of their own do not take from the environment."""

TLS_SETTINGS = ("ca_file", "cert_file", "key_file", "key_password")

# What must not come from the environment: only our own servers may be killed, and no other may receive the load.
ISOLATED_SETTINGS = {
    "kafka_bootstrap_servers": None,
    "database_url": None,
    "redis_url": None,
    "redis_sentinel_username": None,
    "redis_sentinel_password": None,
    "contexts": "inventory,orders,payments,users",
    "topic_prefix": "",
    "replication_factor": -1,
    "kafka_security_protocol": "PLAINTEXT",
    "kafka_sasl_username": None,
    "kafka_sasl_password": None,
    "kafka_sasl_mechanism": "PLAIN",
    **{f"{server}_tls_{name}": None for server in ("kafka", "database", "redis") for name in TLS_SETTINGS},
    "instance": None,
    "metrics_host": "127.0.0.1",
    "metrics_port": None,
    "gateway_processes": 1,
    "log_level": "info",
}
