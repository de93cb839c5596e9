-- Those that sign already first, the latest of them at the very beginning.
SELECT key_id, secret
  FROM annals.command_signing_keys
 ORDER BY signs_from > now(), signs_from DESC, key_id
