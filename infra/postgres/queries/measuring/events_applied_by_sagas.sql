SELECT coalesce(sum(input_sequence), 0)::bigint FROM annals.lanes WHERE role = 'saga'
