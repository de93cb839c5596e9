-- Who may connect to the database, and that nobody may make temporary tables in it. Only its owner may run this.
DO $$
BEGIN
    EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO annals_owner, annals_command, annals_saga, annals_projection, '
                   'annals_analytics, annals_gateway, annals_api_keys, annals_audit, annals_reader, annals_writer',
                   current_database());
END $$;
