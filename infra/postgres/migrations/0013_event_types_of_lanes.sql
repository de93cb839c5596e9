-- Which events a lane has: a worker of a release that does not know all of them leaves the lane to a newer one.

ALTER TABLE annals.lanes ADD COLUMN event_types text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN annals.lanes.event_types IS
    'The wire types of the events that were written in the lane since this is noted. Its owner must know them.';
