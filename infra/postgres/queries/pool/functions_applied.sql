-- A session of any role may ask. Every text that a function has had, not only the last one.
SELECT name, checksum FROM annals.functions
