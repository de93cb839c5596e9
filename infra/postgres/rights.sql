-- Who may do what in the schema: the one place. `annals migrate` applies this file as a whole, as the owner of the schema,
-- whenever it or anything else of the schema has changed. So a right that is not here is gone.
--
-- Nobody but the owner may change a table's shape. Rows of events, commands, journals and interventions are only inserted,
-- and no role may read credentials.secret or signing_keys. Whoever knows sagas.seed can compute the ids of commands to
-- come.

REVOKE ALL ON SCHEMA annals FROM PUBLIC, annals_command, annals_saga, annals_projection,
    annals_analytics, annals_gateway, annals_api_keys, annals_audit, annals_reader, annals_writer;
REVOKE ALL ON ALL TABLES IN SCHEMA annals FROM PUBLIC, annals_command, annals_saga, annals_projection,
    annals_analytics, annals_gateway, annals_api_keys, annals_audit, annals_reader, annals_writer;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA annals FROM PUBLIC, annals_command, annals_saga, annals_projection,
    annals_analytics, annals_gateway, annals_api_keys, annals_audit, annals_reader, annals_writer;
REVOKE ALL ON ALL ROUTINES IN SCHEMA annals FROM PUBLIC, annals_command, annals_saga, annals_projection,
    annals_analytics, annals_gateway, annals_api_keys, annals_audit, annals_reader, annals_writer;
DO $$
DECLARE
    type regtype;
BEGIN
    FOR type IN SELECT oid FROM pg_type WHERE typnamespace = 'annals'::regnamespace AND typcategory <> 'A' LOOP
        EXECUTE format('REVOKE ALL ON TYPE %s FROM PUBLIC', type);
    END LOOP;
END $$;
-- What a later migration makes is closed to everybody until its rights are written here.
ALTER DEFAULT PRIVILEGES REVOKE ALL ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;

-- Every process: whether the schema is its version's, and the number of lanes.
GRANT USAGE ON SCHEMA annals TO annals_command, annals_saga, annals_projection, annals_analytics, annals_gateway,
    annals_api_keys, annals_audit, annals_reader, annals_writer;
GRANT SELECT ON annals.migrations, annals.functions, annals.installation
    TO annals_command, annals_saga, annals_projection, annals_analytics, annals_gateway, annals_api_keys, annals_audit,
    annals_reader, annals_writer;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_command, annals_saga, annals_projection, annals_analytics, annals_gateway,
    annals_api_keys, annals_reader;

-- Command workers: events, outcomes, unique claims, credentials and snapshots, in the epoch of their lanes.
GRANT SELECT, INSERT ON annals.events, annals.commands TO annals_command;
GRANT SELECT ON annals.live_events, annals.outcomes TO annals_command;
GRANT SELECT, INSERT, UPDATE (stream_id, claimed_at), DELETE ON annals.unique_claims TO annals_command;
GRANT SELECT, INSERT,
    UPDATE (stream_version, fingerprint, digest, state, taken_at) ON annals.snapshots TO annals_command;
-- The secret is written and never read: a row is removed and made anew by the key of its stream.
GRANT SELECT (context, stream_id), INSERT, DELETE ON annals.credentials TO annals_command;
-- Triggers tell a saga of answers to its steps that are no events.
GRANT SELECT ON annals.saga_outbox TO annals_command;
GRANT INSERT ON annals.step_rejections, annals.unchanged_steps TO annals_command;
GRANT EXECUTE ON FUNCTION annals.commit_commands, annals.acquire_claims, annals.settle_claims, annals.keep_credentials,
    annals.keep_snapshots, annals.answers TO annals_command;

-- What a worker writes is signed.
GRANT SELECT ON annals.event_signing_keys, annals.reply_signing_keys, annals.command_signing_keys TO annals_command;
GRANT SELECT (id, name, scopes, hash, created_at, expires_at, revoked_at) ON annals.api_keys TO annals_command;

-- Saga workers: instances, journals, steps, deadlines and parked streams.
GRANT SELECT ON annals.events, annals.live_events TO annals_saga;
GRANT SELECT, INSERT, UPDATE (status, state, updated_at, version, applied, seeded_to) ON annals.sagas TO annals_saga;
GRANT SELECT, INSERT ON annals.saga_outbox TO annals_saga;
GRANT INSERT ON annals.saga_journal, annals.saga_beginnings TO annals_saga;
GRANT SELECT, INSERT, UPDATE, DELETE ON annals.deadlines, annals.parked_streams TO annals_saga;
GRANT SELECT, DELETE ON annals.step_rejections, annals.unchanged_steps TO annals_saga;
GRANT EXECUTE ON FUNCTION annals.commit_sagas, annals.require_events, annals.update_instances,
    annals.update_deadlines, annals.update_parked_streams TO annals_saga;

GRANT SELECT ON annals.event_signing_keys, annals.command_signing_keys TO annals_saga;

-- Both: their lanes, what became of the topics, and the number of lanes, which the first of them decides.
GRANT SELECT, INSERT, UPDATE (epoch, owner, acquired_at, topic_id, consumed, last_offset, last_timestamp, input_sequence,
    sequence, published_topic_id, published_sequence, published_offset) ON annals.lanes TO annals_command, annals_saga;
GRANT UPDATE (event_types) ON annals.lanes TO annals_command;
GRANT INSERT ON annals.log_interruptions, annals.installation TO annals_command, annals_saga;
GRANT SELECT ON annals.open_log_interruptions TO annals_command, annals_saga;

-- Projection workers: events that the log lacks, and which of its records are signed.
GRANT SELECT ON annals.events, annals.live_events, annals.event_signing_keys TO annals_projection;

-- Analytics workers: the same.
GRANT SELECT ON annals.events, annals.live_events, annals.event_signing_keys TO annals_analytics;

-- The gateway: outcomes, histories, and the life of a request.
GRANT SELECT ON annals.live_events, annals.events, annals.commands, annals.outcomes, annals.saga_journal, annals.saga_outbox
    TO annals_gateway;
GRANT SELECT (saga, instance_id, status, state, correlation_id, started_at, updated_at, version, applied) ON annals.sagas
    TO annals_gateway;
-- Which replies are signed.
GRANT SELECT ON annals.reply_signing_keys, annals.command_signing_keys TO annals_gateway;

-- The gateway too, apart from the above, which needs no server that writes: the keys of services, and when each was used.
GRANT SELECT, UPDATE (last_used_at) ON annals.api_keys TO annals_api_keys;

-- Readers: everything but secrets. Of credentials they see whose there are, of instances all but the seeds, of keys of
-- services all but the hashes.
GRANT SELECT ON annals.lanes, annals.events, annals.commands, annals.outcomes, annals.unique_claims, annals.snapshots,
    annals.saga_journal, annals.saga_outbox, annals.saga_beginnings, annals.deadlines, annals.step_rejections,
    annals.unchanged_steps, annals.parked_streams, annals.interventions, annals.log_interruptions,
    annals.open_log_interruptions, annals.stream_generations, annals.copied_lanes, annals.copied_events,
    annals.live_generations, annals.live_events TO annals_reader;
GRANT SELECT (saga, instance_id, status, state, correlation_id, started_at, updated_at, version, applied) ON annals.sagas
    TO annals_reader;
GRANT SELECT (context, stream_id) ON annals.credentials TO annals_reader;
GRANT SELECT (id, name, scopes, created_at, expires_at, revoked_at, last_used_at) ON annals.api_keys TO annals_reader;
GRANT EXECUTE ON FUNCTION annals.answers TO annals_reader;

-- Operators, who have the rights of readers too: interventions, repairs (of the log too, where records are signed), lanes
-- of a topic that was recreated, the keys of services, and commands of others that are sent again. A verification folds the journals again, and the ids of the
-- steps with them.
GRANT SELECT ON annals.event_signing_keys, annals.command_signing_keys TO annals_audit;
GRANT SELECT (seed, seeded_to) ON annals.sagas TO annals_audit;
GRANT INSERT ON annals.interventions, annals.log_interruptions TO annals_audit;
GRANT SELECT (hash), INSERT, UPDATE (revoked_at) ON annals.api_keys TO annals_audit;
GRANT INSERT, DELETE ON annals.unique_claims TO annals_audit;
GRANT DELETE ON annals.credentials, annals.snapshots TO annals_audit;
GRANT UPDATE (requested_action) ON annals.parked_streams TO annals_audit;
GRANT INSERT, UPDATE (epoch, owner, acquired_at, topic_id, consumed, last_offset, last_timestamp, published_topic_id,
    published_sequence, published_offset) ON annals.lanes TO annals_audit;
-- Copies of a context's streams, and which of them is live. The switch fences the lanes and names the types that it brings.
GRANT INSERT ON annals.stream_generations, annals.copied_lanes, annals.copied_events, annals.live_generations
    TO annals_audit;
GRANT UPDATE (copied_to, changed, types) ON annals.copied_lanes TO annals_audit;
GRANT UPDATE (generation, previous, switched_at, log_renewed_at) ON annals.live_generations TO annals_audit;
GRANT UPDATE (event_types) ON annals.lanes TO annals_audit;
