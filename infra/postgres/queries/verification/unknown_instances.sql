-- $1 sagas and $2 instances (lists, see annals.listed, of pairs): those that are not stored and have no journal.
SELECT i.saga, i.instance_id
  FROM unnest(annals.listed($1), annals.listed($2)) AS i(saga, instance_id)
 WHERE NOT EXISTS (SELECT FROM annals.sagas AS s WHERE s.saga = i.saga AND s.instance_id = i.instance_id)
   AND NOT EXISTS (SELECT FROM annals.saga_journal AS j WHERE j.saga = i.saga AND j.instance_id = i.instance_id)
