-- A session of any role may ask.
SELECT number, name FROM annals.migrations
