-- What operators did by hand: insert only, so that at 3 a.m. and years later it can be said who did what, and why.

CREATE TABLE annals.interventions (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor   text        NOT NULL,
    action  text        NOT NULL,
    target  text        NOT NULL,
    reason  text        NOT NULL,
    details jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX interventions_target ON annals.interventions (target, id);
COMMENT ON COLUMN annals.interventions.target IS 'What it was done to, as the command line names it.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.interventions
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.interventions ENABLE ALWAYS TRIGGER append_only;

GRANT SELECT, INSERT ON annals.interventions TO annals_writer;
GRANT SELECT ON annals.interventions TO annals_reader;
