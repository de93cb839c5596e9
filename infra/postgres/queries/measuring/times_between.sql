-- $1 context and $2 type of an event recorded since $5, $3 context and $4 type of the one that its request led to: how
-- often both are there, the milliseconds between them, and the seconds from the first of those to the last of these.
-- One pass over both contexts, whatever the planner thinks of a young table.
SELECT count(*)::bigint AS pairs,
       coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY milliseconds), 0)::float8 AS p50,
       coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY milliseconds), 0)::float8 AS p99,
       coalesce(max(milliseconds), 0)::float8 AS highest,
       coalesce(extract(epoch FROM max(ended_at) - min(began_at)), 0)::float8 AS seconds
  FROM (SELECT began_at, ended_at, extract(epoch FROM ended_at - began_at) * 1000 AS milliseconds
          FROM (SELECT min(recorded_at) FILTER (WHERE context = $1 AND type = $2) AS began_at,
                       min(recorded_at) FILTER (WHERE context = $3 AND type = $4) AS ended_at
                  FROM annals.events
                 WHERE context IN ($1, $3) AND type IN ($2, $4) AND recorded_at >= $5
                 GROUP BY correlation_id
               ) AS requests
         WHERE began_at IS NOT NULL AND ended_at IS NOT NULL
       ) AS times
