-- $1 context, $2 stream id.
DELETE FROM annals.snapshots WHERE context = $1 AND stream_id = $2
