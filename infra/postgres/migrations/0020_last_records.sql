-- A lane knows the record that it has handled last by its offset and its timestamp. When it goes on reading it looks
-- whether this one stands there still: a topic may have lost its end and have grown beyond it since, with other commands.
-- A release before this one moves `consumed` alone: then the record is not known, which last_offset shows.
ALTER TABLE annals.lanes
    ADD COLUMN last_offset    bigint NOT NULL DEFAULT -1,
    ADD COLUMN last_timestamp bigint NOT NULL DEFAULT 0;

-- In the statement that calls commit_commands, behind it: an owner that is refused there writes nothing here.
CREATE FUNCTION annals.note_last_record(
    lane_topic text, lane_partition integer, lane_epoch bigint, record_offset bigint, record_timestamp bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE annals.lanes SET last_offset = record_offset, last_timestamp = record_timestamp
     WHERE role = 'command' AND topic = lane_topic AND partition = lane_partition AND epoch = lane_epoch;
END $$;
REVOKE EXECUTE ON FUNCTION annals.note_last_record FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.note_last_record TO annals_writer;
