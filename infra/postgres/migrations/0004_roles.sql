-- Two roles without a login: grant them to the accounts that run workers (writer) and that only read (reader). Each may do
-- what its code does and no more. The rights to functions stand with the functions.
-- Roles belong to the whole cluster: another database's migration may have created them, or may be doing so right now.

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'annals_writer') THEN
        CREATE ROLE annals_writer NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'annals_reader') THEN
        CREATE ROLE annals_reader NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    EXECUTE format('GRANT annals_writer, annals_reader TO %I', current_user);
EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'grant annals_writer and annals_reader to the account of the workers by hand: %', SQLERRM;
END $$;

GRANT USAGE ON SCHEMA annals TO annals_writer, annals_reader;

GRANT SELECT ON annals.migrations, annals.functions, annals.open_log_interruptions TO annals_writer, annals_reader;

GRANT SELECT, INSERT ON annals.events, annals.commands, annals.saga_journal, annals.saga_outbox, annals.saga_beginnings,
    annals.interventions, annals.log_interruptions, annals.installation TO annals_writer;
GRANT SELECT, INSERT, UPDATE ON annals.lanes, annals.sagas TO annals_writer;
GRANT SELECT, INSERT, DELETE ON annals.step_rejections, annals.unchanged_steps TO annals_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON annals.unique_claims, annals.credentials, annals.snapshots, annals.deadlines,
    annals.parked_streams TO annals_writer;

GRANT SELECT ON annals.lanes, annals.events, annals.commands, annals.unique_claims, annals.snapshots, annals.sagas,
    annals.saga_journal, annals.saga_outbox, annals.saga_beginnings, annals.deadlines, annals.step_rejections,
    annals.unchanged_steps, annals.parked_streams, annals.interventions, annals.log_interruptions, annals.installation
    TO annals_reader;
-- A reader may see which streams have a credential, never the secret.
GRANT SELECT (context, stream_id) ON annals.credentials TO annals_reader;
