-- $1 context, $2 stream id: the version and the type of its last event.
SELECT stream_version, type
  FROM annals.live_events
 WHERE context = $1 AND stream_id = $2
 ORDER BY stream_version DESC
 LIMIT 1
