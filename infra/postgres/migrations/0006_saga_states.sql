-- An instance is rewritten with each of its events. Its state is only ever read as a whole, so it need not be taken apart;
-- and with room on its page the new row needs no new entries in the indexes.
ALTER TABLE annals.sagas
    ALTER COLUMN state TYPE json USING state::text::json,
    SET (fillfactor = 50);
