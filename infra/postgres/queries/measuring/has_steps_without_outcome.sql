SELECT EXISTS (
       SELECT FROM annals.saga_outbox AS o
        WHERE NOT EXISTS (SELECT FROM annals.commands AS c WHERE c.command_id = o.command_id AND annals.answers(c, o))
       )
