SELECT saga, instance_id, version, state::text, CASE WHEN seeded_to IS NULL THEN seed::text END AS seed
  FROM annals.sagas
 WHERE (saga, instance_id) IN (SELECT * FROM unnest(annals.listed($1), annals.listed($2)))
