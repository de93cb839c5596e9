"""What another Python service imports to send commands to Annals and to read its events. Needs aiokafka.

`command_client.CommandClient` sends commands and waits for their outcomes, `event_reader.EventReader` iterates over a
context's events, `errors` says what can go wrong and `connection.Security` holds what SASL and TLS need. Nothing is
imported here: who only wants the messages in `contracts` needs no driver.
"""
