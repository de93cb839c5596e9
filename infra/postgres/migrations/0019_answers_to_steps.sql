-- A saga hears of an outcome only when it is that of its step. The id of a step follows from what everybody may know, so
-- somebody else may have had another command handled under it: in another stream, of another type or content, or for no
-- cause. What was answered to that one says nothing of the step, which has no answer then, and is asked for again.

-- Outcomes of earlier releases say nothing of the content.
CREATE FUNCTION annals.answers(answer annals.commands, step annals.saga_outbox) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT answer.command_id = step.command_id
       AND answer.type = step.command_type
       AND answer.stream_id = step.stream_id
       AND answer.causation_id = step.causation_id
       AND coalesce(answer.outcome ->> 'content_digest'
                    = left(encode(sha256(convert_to(step.data::text, 'UTF8')), 'hex'), 32), true)
$$;
REVOKE EXECUTE ON FUNCTION annals.answers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.answers TO annals_writer, annals_reader;

CREATE OR REPLACE FUNCTION annals.tell_saga() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.step_rejections (topic, partition, position, code, handled_at)
    SELECT o.topic, o.partition, o.position, coalesce(NEW.outcome #>> '{error,code}', NEW.status), NEW.handled_at
      FROM annals.saga_outbox AS o
     WHERE o.command_id = NEW.command_id AND o.handles_rejection AND annals.answers(NEW, o)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION annals.tell_saga_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.unchanged_steps (topic, partition, position, handled_at)
    SELECT o.topic, o.partition, o.position, NEW.handled_at
      FROM annals.saga_outbox AS o
     WHERE o.command_id = NEW.command_id AND o.handles_rejection AND annals.answers(NEW, o)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

-- Every accepted command comes by here. One that caused itself is no step: its outcome, which is text to be parsed, need
-- not be looked into.
DROP TRIGGER tell_saga_unchanged ON annals.commands;
CREATE TRIGGER tell_saga_unchanged AFTER INSERT ON annals.commands
    FOR EACH ROW WHEN (NEW.status = 'accepted' AND NEW.causation_id <> NEW.command_id::text
                       AND json_array_length(NEW.outcome -> 'events') = 0)
    EXECUTE FUNCTION annals.tell_saga_unchanged();
ALTER TABLE annals.commands ENABLE ALWAYS TRIGGER tell_saga_unchanged;
