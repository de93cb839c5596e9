UPDATE annals.lanes
   SET owner = NULL,
       published_sequence = $5,
       published_offset = $6
 WHERE role = $1 AND topic = $2 AND partition = $3 AND epoch = $4
