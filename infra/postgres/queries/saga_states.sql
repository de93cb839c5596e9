SELECT saga, instance_id, state::text
  FROM annals.sagas
 WHERE (saga, instance_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
