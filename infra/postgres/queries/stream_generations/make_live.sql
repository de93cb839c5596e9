-- $1 context, $2 the live generation, $3 the next one. No row: another one is live.
INSERT INTO annals.live_generations AS stored (context, generation, previous)
SELECT $1, $3, $2
 WHERE $2 = coalesce((SELECT generation FROM annals.live_generations WHERE context = $1), 0)
    ON CONFLICT (context) DO UPDATE
       SET generation = $3, previous = $2, switched_at = clock_timestamp(), log_renewed_at = NULL
     WHERE stored.generation = $2
RETURNING generation
