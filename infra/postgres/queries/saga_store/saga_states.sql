SELECT saga, instance_id, version, state::text
  FROM annals.sagas
 WHERE (saga, instance_id) IN (SELECT * FROM unnest(annals.listed($1), annals.listed($2)))
