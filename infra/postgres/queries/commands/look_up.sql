-- $1 list of command ids, $2 context, $3 list of stream ids (see annals.listed), $4 the fingerprint of the caller's code;
-- null: no snapshots. One row: the time, the outcomes that exist, the snapshots that this code took and whose event
-- exists, and the events of the streams, of one with a snapshot only those behind it; lists are null when empty.
-- Look-ups for each stream, by the indexes of streams: given the whole list at once, a planner without statistics reads
-- the whole context by the primary key instead; and given a snapshot and its event as a join, it reads the whole stream.
WITH begun AS MATERIALIZED (
     SELECT wanted.id, snapshot.*
       FROM unnest(annals.listed($3)) AS wanted(id)
       LEFT JOIN LATERAL (
            SELECT taken.stream_version, behind.event_id, taken.digest, taken.state
              FROM annals.snapshots AS taken
             CROSS JOIN LATERAL (
                   SELECT event_id
                     FROM annals.events
                    WHERE context = $2 AND stream_id = wanted.id AND stream_version = taken.stream_version
                    LIMIT 1
                   ) AS behind
             WHERE taken.context = $2 AND taken.stream_id = wanted.id AND taken.fingerprint = $4
             LIMIT 1
            ) AS snapshot ON true
)
SELECT clock_timestamp() AS now,
       (SELECT array_agg(ARRAY[known.command_id::text, known.outcome::text])
          FROM annals.commands AS known
         WHERE known.command_id = ANY(annals.listed($1)::uuid[])) AS outcomes,
       (SELECT array_agg(ARRAY[id, stream_version::text, event_id::text, digest, state::text])
          FROM begun
         WHERE stream_version IS NOT NULL) AS snapshots,
       (SELECT array_agg(ARRAY[found.stream_id, found.stream_version::text, found.type, found.schema_version::text,
                               found.data::text] ORDER BY found.stream_id, found.stream_version)
          FROM begun
         CROSS JOIN LATERAL (
               SELECT stream_id, stream_version, type, schema_version, data
                 FROM annals.events
                WHERE context = $2 AND stream_id = begun.id AND stream_version > coalesce(begun.stream_version, 0)
                ORDER BY stream_version
                LIMIT 9223372036854775807
               ) AS found) AS events
