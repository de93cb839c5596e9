-- $1 a command id. One row: the id of the command that the first attempt was about (it may be $1), and the ids under which
-- it was sent again, in order.
WITH root AS (
    SELECT coalesce(
        (SELECT details->>'root_id' FROM annals.interventions
          WHERE action = 'dlq-retry' AND details->>'command_id' = $1),
        $1
    ) AS id
)
SELECT root.id AS root_id,
       ARRAY(SELECT details->>'command_id' FROM annals.interventions
              WHERE action = 'dlq-retry' AND details->>'root_id' = root.id
              ORDER BY interventions.id) AS command_ids
  FROM root
