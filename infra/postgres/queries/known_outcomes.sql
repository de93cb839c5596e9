-- Always at least one row: the database's time rides along with the outcomes that exist.
SELECT clock.now, known.command_id::text, known.outcome::text
  FROM (SELECT clock_timestamp() AS now) AS clock
  LEFT JOIN annals.commands AS known ON known.command_id = ANY(annals.listed($1)::uuid[])
