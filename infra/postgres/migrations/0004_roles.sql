-- Two roles without a login: grant them to the accounts that run workers (writer) and that only look (reader).
-- Roles belong to the whole cluster: another database's migration may have created them, or be doing so right now.

DO $$ BEGIN
    CREATE ROLE annals_writer NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    CREATE ROLE annals_reader NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

GRANT USAGE ON SCHEMA annals TO annals_writer, annals_reader;
GRANT SELECT ON annals.lanes, annals.events, annals.commands, annals.sagas, annals.saga_outbox, annals.migrations
    TO annals_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA annals TO annals_writer;
GRANT INSERT ON annals.events, annals.commands, annals.saga_outbox TO annals_writer;
GRANT INSERT, UPDATE ON annals.lanes, annals.sagas TO annals_writer;
GRANT INSERT, UPDATE, DELETE ON annals.unique_claims, annals.credentials TO annals_writer;
DO $$ BEGIN
    EXECUTE format('GRANT annals_writer, annals_reader TO %I', current_user);
EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'grant annals_writer and annals_reader to the workers'' account by hand: %', SQLERRM;
END $$;
