SELECT coalesce(sum(sequence), 0)::bigint FROM annals.lanes WHERE role = 'command'
