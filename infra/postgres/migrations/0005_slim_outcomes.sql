-- A command's row keeps what does not follow from its events: a row of half the size, and JSON only of what was not
-- accepted. The view `outcomes` shows the whole.
--
-- Workers of the release before write the column that goes, its gateways read it: stop them before this migration.

-- The functions of this version are applied after this file. Those of the version before need what is dropped here.
DROP TRIGGER IF EXISTS note_unchanged_step ON annals.commands;
DROP TRIGGER IF EXISTS note_step_rejection ON annals.commands;
DROP INDEX annals.commands_correlation;

ALTER TABLE annals.commands
    ADD COLUMN stream_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN event_count integer NOT NULL DEFAULT 0,
    ADD COLUMN error json,
    ADD COLUMN content_digest bytea,
    ALTER COLUMN outcome DROP NOT NULL,
    ALTER COLUMN correlation_id DROP NOT NULL,
    ALTER COLUMN causation_id DROP NOT NULL;

UPDATE annals.commands
   SET stream_version = (outcome ->> 'stream_version')::bigint,
       event_count = coalesce(json_array_length(outcome -> 'events'), 0),
       error = CASE WHEN status <> 'accepted' THEN outcome -> 'error' END,
       content_digest = decode(outcome ->> 'content_digest', 'hex'),
       correlation_id = nullif(correlation_id, command_id::text),
       causation_id = nullif(causation_id, command_id::text),
       outcome = NULL;  -- a column that is dropped would keep its place in every row

ALTER TABLE annals.commands
    ALTER COLUMN stream_version DROP DEFAULT,
    ALTER COLUMN event_count DROP DEFAULT,
    DROP COLUMN outcome;

-- Most commands begin a correlation of their own: they are found by their id.
CREATE INDEX commands_correlation ON annals.commands (correlation_id, handled_at) WHERE correlation_id IS NOT NULL;

COMMENT ON COLUMN annals.commands.correlation_id IS 'NULL: the command''s own id.';
COMMENT ON COLUMN annals.commands.causation_id IS 'NULL: the command''s own id.';
COMMENT ON COLUMN annals.commands.event_count IS 'How many events the command led to. Their sequences end with `sequence`.';
COMMENT ON COLUMN annals.commands.error IS 'Code, message and details of a rejection or a failure.';
COMMENT ON COLUMN annals.commands.content_digest IS 'The first half of the SHA-256 of the command''s value.';

CREATE VIEW annals.outcomes AS
SELECT command.command_id, command.type, command.context, command.stream_id, command.status, command.stream_version,
       command.partition, command.sequence, command.event_count, command.error,
       coalesce(command.correlation_id, command.command_id::text) AS correlation_id,
       coalesce(command.causation_id, command.command_id::text) AS causation_id,
       command.actor, command.handled_at, encode(command.content_digest, 'hex') AS content_digest,
       events.emitted AS events,
       json_build_object(
           'command_id', command.command_id, 'type', command.type, 'status', command.status,
           'stream_id', command.stream_id, 'stream_version', command.stream_version,
           'partition', command.partition, 'sequence', command.sequence, 'events', events.emitted,
           'error', command.error, 'correlation_id', coalesce(command.correlation_id, command.command_id::text),
           'handled_at', command.handled_at, 'content_digest', encode(command.content_digest, 'hex')
       ) AS outcome
  FROM annals.commands AS command
 CROSS JOIN LATERAL (
       SELECT coalesce(
                  json_agg(
                      json_build_object('event_id', event.event_id,
                                        'type', event.context || '.' || event.type || '.v' || event.schema_version)
                      ORDER BY event.sequence
                  ), '[]'
              ) AS emitted
         FROM annals.events AS event
        WHERE event.context = command.context AND event.partition = command.partition
          AND event.sequence > command.sequence - command.event_count AND event.sequence <= command.sequence
       ) AS events;
COMMENT ON VIEW annals.outcomes IS 'Every command that was handled with its outcome, as it was answered.';

GRANT SELECT ON annals.outcomes TO annals_writer, annals_reader;
