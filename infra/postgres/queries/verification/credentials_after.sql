-- $1 context, $2 after this stream, $3 limit: which streams have a credential. The secret is not read.
SELECT stream_id
  FROM annals.credentials
 WHERE context = $1 AND stream_id > $2
 ORDER BY stream_id
 LIMIT $3
