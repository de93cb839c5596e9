-- $1 partitions. The first worker that writes decides; for later ones this does nothing.
INSERT INTO annals.installation (partitions) VALUES ($1) ON CONFLICT DO NOTHING
