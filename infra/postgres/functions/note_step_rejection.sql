-- Notes for a saga that its step's command was not accepted. The step is in the outbox before its command is sent, so it is
-- there when the command is handled.
CREATE OR REPLACE FUNCTION annals.note_step_rejection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.step_rejections (topic, partition, position, code, handled_at)
    SELECT outbox.topic, outbox.partition, outbox.position, coalesce(NEW.error ->> 'code', NEW.status),
           NEW.handled_at
      FROM annals.saga_outbox AS outbox
     WHERE outbox.command_id = NEW.command_id AND outbox.handles_rejection AND annals.answers(NEW, outbox)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION annals.note_step_rejection FROM PUBLIC;

CREATE OR REPLACE TRIGGER note_step_rejection AFTER INSERT ON annals.commands
    FOR EACH ROW WHEN (NEW.status <> 'accepted') EXECUTE FUNCTION annals.note_step_rejection();
ALTER TABLE annals.commands ENABLE ALWAYS TRIGGER note_step_rejection;
