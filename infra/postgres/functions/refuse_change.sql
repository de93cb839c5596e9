-- Keeps tables append-only, for every role and every session.
CREATE OR REPLACE FUNCTION annals.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'annals.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'Correct the past with a compensating command.';
END $$;
REVOKE EXECUTE ON FUNCTION annals.refuse_change FROM PUBLIC;

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.events
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.saga_journal
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.interventions
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.log_interruptions
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.installation
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.copied_events
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
-- ALWAYS: also in sessions that act as a replica, where ordinary triggers do not fire.
ALTER TABLE annals.events            ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE annals.saga_journal      ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE annals.interventions     ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE annals.log_interruptions ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE annals.installation      ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE annals.copied_events     ENABLE ALWAYS TRIGGER append_only;
