-- $1, $2 commands by stream id and command id, $3 context, $4 list of stream ids (see annals.listed), $5 the fingerprint of
-- the caller's code; NULL: no snapshots. One row: the time; the outcomes of the commands that have one; the snapshots of
-- this code that stand behind an event that exists; the events of the streams, of a stream with a snapshot only the events
-- after it. Every kind is one array for each column, and NULL when there is nothing.
-- Each stream is looked up by the index of streams: given the whole list at once, a planner without statistics reads the
-- whole context by the primary key instead; and given a snapshot and its event as a join, it reads the whole stream.
WITH stream AS MATERIALIZED (
     SELECT wanted.id, snapshot.*
       FROM unnest(annals.listed($4)) AS wanted(id)
       LEFT JOIN LATERAL (
            SELECT stored.stream_version, last_event.event_id, stored.digest, stored.state
              FROM annals.snapshots AS stored
             CROSS JOIN LATERAL (
                   SELECT event_id
                     FROM annals.events
                    WHERE context = $3 AND stream_id = wanted.id AND stream_version = stored.stream_version
                    LIMIT 1
                   ) AS last_event
             WHERE stored.context = $3 AND stored.stream_id = wanted.id AND stored.fingerprint = $5
             LIMIT 1
            ) AS snapshot ON true
)
SELECT clock_timestamp() AS now, outcomes.*, snapshots.*, events.*
  FROM (SELECT array_agg(command_id::text) AS outcome_command_id, array_agg(type) AS outcome_type,
               array_agg(context) AS outcome_context, array_agg(stream_id) AS outcome_stream_id,
               array_agg(status) AS outcome_status, array_agg(stream_version) AS outcome_stream_version,
               array_agg(partition) AS outcome_partition, array_agg(sequence) AS outcome_sequence,
               array_agg(events::text) AS outcome_events, array_agg(error::text) AS outcome_error,
               array_agg(correlation_id) AS outcome_correlation_id, array_agg(causation_id) AS outcome_causation_id,
               array_agg(actor) AS outcome_actor, array_agg(handled_at) AS outcome_handled_at,
               array_agg(content_digest) AS outcome_content_digest
          FROM unnest(annals.listed($1), annals.listed($2)::uuid[]) AS asked(stream, id)
         CROSS JOIN LATERAL (
               SELECT *
                 FROM annals.outcomes
                WHERE command_id = asked.id AND context = $3 AND stream_id = asked.stream
                LIMIT 1
               ) AS handled) AS outcomes,
       (SELECT array_agg(id) AS snapshot_stream_id, array_agg(stream_version) AS snapshot_stream_version,
               array_agg(event_id::text) AS snapshot_event_id, array_agg(digest) AS snapshot_digest,
               array_agg(state::text) AS snapshot_state
          FROM stream
         WHERE stream_version IS NOT NULL) AS snapshots,
       (SELECT array_agg(event.stream_id ORDER BY event.stream_id, event.stream_version) AS event_stream_id,
               array_agg(event.stream_version ORDER BY event.stream_id, event.stream_version) AS event_stream_version,
               array_agg(event.type ORDER BY event.stream_id, event.stream_version) AS event_type,
               array_agg(event.schema_version ORDER BY event.stream_id, event.stream_version) AS event_schema_version,
               array_agg(event.data::text ORDER BY event.stream_id, event.stream_version) AS event_data
          FROM stream
         CROSS JOIN LATERAL (
               SELECT stream_id, stream_version, type, schema_version, data
                 FROM annals.live_events
                WHERE context = $3 AND stream_id = stream.id AND stream_version > coalesce(stream.stream_version, 0)
                ORDER BY stream_version
                LIMIT 9223372036854775807
               ) AS event(stream_id, stream_version, type, schema_version, data)) AS events
