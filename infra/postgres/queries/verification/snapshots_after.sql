-- $1 context, $2 stream id, $3 limit. The next snapshots in the order of their streams, and the id of the event that
-- each stands behind: null when there is none.
SELECT s.stream_id, s.stream_version, behind.event_id::text AS event_id, s.fingerprint, s.digest,
       s.state::text AS state
  FROM annals.snapshots AS s
  LEFT JOIN LATERAL (
       SELECT event_id
         FROM annals.events
        WHERE context = s.context AND stream_id = s.stream_id AND stream_version = s.stream_version
        LIMIT 1
       ) AS behind ON true
 WHERE s.context = $1 AND s.stream_id > $2
 ORDER BY s.stream_id
 LIMIT $3
