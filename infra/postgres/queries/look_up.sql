-- $1 list of command ids, $2 context, $3 list of stream ids (see annals.listed). One row: the time, the outcomes that exist
-- and the events of the streams; lists are null when empty. A look-up for each stream, by the index of streams: given the
-- whole list at once, a planner without statistics reads the whole context by the primary key instead.
SELECT clock_timestamp() AS now,
       (SELECT array_agg(ARRAY[known.command_id::text, known.outcome::text])
          FROM annals.commands AS known
         WHERE known.command_id = ANY(annals.listed($1)::uuid[])) AS outcomes,
       (SELECT array_agg(ARRAY[found.stream_id, found.stream_version::text, found.type, found.schema_version::text,
                               found.data::text] ORDER BY found.stream_id, found.stream_version)
          FROM unnest(annals.listed($3)) AS wanted(id)
         CROSS JOIN LATERAL (
               SELECT stream_id, stream_version, type, schema_version, data
                 FROM annals.events
                WHERE context = $2 AND stream_id = wanted.id
                ORDER BY stream_version
                LIMIT 9223372036854775807
               ) AS found) AS events
