-- The ids of a saga's steps are derived from a secret of their instance. From public things alone everybody could compute
-- them, and use them for commands of their own to the same streams before the saga does.
--
-- An instance from before has none, and keeps the ids that it has. Workers of the release before go on working beside this:
-- they begin instances without a seed, and end the use of a seed where they go on with an instance that has one.
ALTER TABLE annals.sagas ADD COLUMN seed uuid, ADD COLUMN seeded_to bigint;
COMMENT ON COLUMN annals.sagas.seed IS 'A secret: the ids of the instance''s steps are derived from it. NULL: from public things alone.';
COMMENT ON COLUMN annals.sagas.seeded_to IS 'The last event for which the seed was used, as a worker of an earlier release went on after it. NULL: the seed is in use.';
