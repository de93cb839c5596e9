-- What a verification looks at as `annals_reader`. Of credentials only whether they exist: the secret stays unreadable.

GRANT SELECT ON annals.unique_claims TO annals_reader;
GRANT SELECT (context, stream_id) ON annals.credentials TO annals_reader;
