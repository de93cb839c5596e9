-- $1 context, $2 stream id, $3 limit. The next snapshots in the order of their streams, and the id of the event that
-- each stands behind: null when there is none.
SELECT taken.stream_id, taken.stream_version, behind.event_id::text AS event_id, taken.fingerprint, taken.digest,
       taken.state::text AS state
  FROM annals.snapshots AS taken
  LEFT JOIN LATERAL (
       SELECT event_id
         FROM annals.events
        WHERE context = taken.context AND stream_id = taken.stream_id AND stream_version = taken.stream_version
        LIMIT 1
       ) AS behind ON true
 WHERE taken.context = $1 AND taken.stream_id > $2
 ORDER BY taken.stream_id
 LIMIT $3
