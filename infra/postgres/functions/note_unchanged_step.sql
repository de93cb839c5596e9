-- Notes for a saga that its step's command was accepted and changed nothing: no event tells it.
CREATE OR REPLACE FUNCTION annals.note_unchanged_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.unchanged_steps (topic, partition, position, handled_at)
    SELECT outbox.topic, outbox.partition, outbox.position, NEW.handled_at
      FROM annals.saga_outbox AS outbox
     WHERE outbox.command_id = NEW.command_id AND outbox.handles_rejection AND annals.answers(NEW, outbox)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION annals.note_unchanged_step FROM PUBLIC;

-- This condition is checked for every accepted command. A command that is its own cause is no step.
CREATE OR REPLACE TRIGGER note_unchanged_step AFTER INSERT ON annals.commands
    FOR EACH ROW WHEN (NEW.status = 'accepted' AND NEW.event_count = 0 AND NEW.causation_id IS NOT NULL)
    EXECUTE FUNCTION annals.note_unchanged_step();
ALTER TABLE annals.commands ENABLE ALWAYS TRIGGER note_unchanged_step;
