-- Steps that were accepted and changed nothing: no event tells of them, so their instances are told as of a refusal. Kept
-- beside the refusals, so that a worker of an earlier release does not take an acceptance for one.

CREATE TABLE annals.unchanged_steps (
    topic      text        NOT NULL,
    partition  integer     NOT NULL,
    position   bigint      NOT NULL,
    handled_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, position)
);
COMMENT ON TABLE annals.unchanged_steps IS 'Steps whose command was accepted without events, until their instance has heard of it.';

-- As with refusals: the step stands in the outbox before its command is sent, so it is there when the command is handled.
CREATE FUNCTION annals.tell_saga_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.unchanged_steps (topic, partition, position, handled_at)
    SELECT topic, partition, position, NEW.handled_at
      FROM annals.saga_outbox
     WHERE command_id = NEW.command_id AND hears_refusal
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_saga_unchanged AFTER INSERT ON annals.commands
    FOR EACH ROW WHEN (NEW.status = 'accepted' AND json_array_length(NEW.outcome -> 'events') = 0)
    EXECUTE FUNCTION annals.tell_saga_unchanged();
ALTER TABLE annals.commands ENABLE ALWAYS TRIGGER tell_saga_unchanged;

-- Called in the statement that calls commit_sagas: what that refuses, this has not written.
CREATE FUNCTION annals.forget_unchanged_steps(lane_topic text, lane_partition integer, heard_position text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF heard_position <> '' THEN
        DELETE FROM annals.unchanged_steps
         WHERE topic = lane_topic AND partition = lane_partition
           AND position = ANY(annals.listed(heard_position)::bigint[]);
    END IF;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON annals.unchanged_steps TO annals_writer;
GRANT SELECT ON annals.unchanged_steps TO annals_reader;

-- What was accepted in silence before: whoever waits for it hears of it now.
INSERT INTO annals.unchanged_steps (topic, partition, position, handled_at)
SELECT o.topic, o.partition, o.position, c.handled_at
  FROM annals.saga_outbox AS o
  JOIN annals.commands AS c ON c.command_id = o.command_id
 WHERE o.hears_refusal AND c.status = 'accepted' AND json_array_length(c.outcome -> 'events') = 0;
