-- $1 context, $2 after this stream id, $3 limit: the next streams, each found by one step in the index of streams.
WITH RECURSIVE streams AS (
    (SELECT stream_id, 1 AS number FROM annals.events
      WHERE context = $1 AND stream_id > $2 ORDER BY stream_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.stream_id FROM annals.events e
             WHERE e.context = $1 AND e.stream_id > s.stream_id ORDER BY e.stream_id LIMIT 1), s.number + 1
      FROM streams s WHERE s.stream_id IS NOT NULL AND s.number < $3
)
SELECT stream_id FROM streams WHERE stream_id IS NOT NULL
