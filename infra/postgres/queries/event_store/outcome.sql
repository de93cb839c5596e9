SELECT outcome::text FROM annals.commands WHERE command_id = $1
