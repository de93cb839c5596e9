-- Steps that were accepted and changed nothing: no event tells of them, so their instances are told as of a rejection. Kept
-- beside the rejections, so that a worker of an earlier release does not take an acceptance for one.

CREATE TABLE annals.unchanged_steps (
    topic      text        NOT NULL,
    partition  integer     NOT NULL,
    position   bigint      NOT NULL,
    handled_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, position)
);
COMMENT ON TABLE annals.unchanged_steps IS 'Steps whose command was accepted without events, until their instance has heard of it.';

-- As with rejections: the step stands in the outbox before its command is sent, so it is there when the command is handled.
CREATE FUNCTION annals.tell_saga_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.unchanged_steps (topic, partition, position, handled_at)
    SELECT topic, partition, position, NEW.handled_at
      FROM annals.saga_outbox
     WHERE command_id = NEW.command_id AND handles_rejection
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
 WHERE o.handles_rejection AND c.status = 'accepted' AND json_array_length(c.outcome -> 'events') = 0;

-- From now on whoever waits for an answer has a deadline for it, a minute after it has asked: so have those who wait now.
-- It is set by what led to the last step, or, when an order was cancelled of which nothing was held yet, by that.
WITH waiting AS (
    SELECT saga, instance_id, status
      FROM annals.sagas
     WHERE (saga = 'fulfilment' AND status IN ('compensate', 'capture_funds', 'ship_stock'))
        OR (saga = 'fulfilment' AND status = 'confirm' AND state ->> 'reason' IS NOT NULL)
        OR (saga = 'fulfilment' AND status = 'stuck' AND state::text ~ '"asked( back)?"'
            AND (state ->> 'reason' IS NOT NULL OR (state -> 'is_cancelled')::boolean))
        OR (saga = 'welcome' AND status = 'welcome')
        OR (saga = 'account closing' AND status = 'close')
), causes AS (
    SELECT w.saga, w.instance_id, j.version, o.topic, o.partition, o.caused_at, j.event_id, o.correlation_id, o.actor,
           o.traceparent
      FROM waiting AS w
      JOIN annals.saga_outbox AS o ON o.saga = w.saga AND o.instance_id = w.instance_id
      JOIN annals.saga_journal AS j
        ON j.saga = w.saga AND j.instance_id = w.instance_id AND j.event_id::text = o.causation_id
     UNION ALL
    SELECT w.saga, w.instance_id, j.version, l.topic, l.partition, e.recorded_at, e.event_id, e.correlation_id, e.actor,
           e.traceparent
      FROM waiting AS w
      JOIN annals.saga_journal AS j ON j.saga = w.saga AND j.instance_id = w.instance_id
      JOIN annals.saga_journal AS b
        ON b.saga = j.saga AND b.instance_id = j.instance_id AND b.version = j.version - 1 AND b.status <> j.status
      JOIN annals.events AS e ON e.context = j.context AND e.partition = j.partition AND e.sequence = j.sequence
      JOIN annals.lanes AS l
        ON l.role = 'saga' AND l.partition = j.partition AND right(l.topic, length(j.context) + 7) = j.context || '.events'
     WHERE j.status = 'compensate' AND j.type LIKE 'orders.OrderCancelled.%'
)
INSERT INTO annals.deadlines (saga, instance_id, name, topic, partition, due_at, event_id, correlation_id, actor,
                              traceparent)
SELECT DISTINCT ON (saga, instance_id) saga, instance_id, 'answer', topic, partition,
       caused_at + interval '60 seconds', event_id, correlation_id, actor, traceparent
  FROM causes
 ORDER BY saga, instance_id, version DESC
    ON CONFLICT DO NOTHING;
