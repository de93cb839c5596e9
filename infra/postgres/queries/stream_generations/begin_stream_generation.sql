-- $1 context, $2 the live generation, $3 the function, $4 the fingerprint of its code. No row: another one is live,
-- or somebody else begins a copy at this moment.
INSERT INTO annals.stream_generations (context, generation, copied_from, transform, fingerprint)
SELECT $1, 1 + coalesce((SELECT max(generation) FROM annals.stream_generations WHERE context = $1), 0), $2, $3, $4
 WHERE $2 = coalesce((SELECT generation FROM annals.live_generations WHERE context = $1), 0)
    ON CONFLICT (context, generation) DO NOTHING
RETURNING generation
