-- A session of any role may look.
SELECT number FROM annals.migrations
