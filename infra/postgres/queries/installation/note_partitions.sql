-- The first worker that writes decides; a later one learns what was decided.
INSERT INTO annals.installation (partitions) VALUES ($1) ON CONFLICT DO NOTHING
