SELECT e.context, e.partition, e.sequence, e.command_id::text
  FROM annals.events AS e
 WHERE NOT EXISTS (SELECT FROM annals.commands AS c WHERE c.command_id = e.command_id AND c.status = 'accepted')
 LIMIT 1000
