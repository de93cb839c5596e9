-- Part of commit_sagas: removes the deadlines that have passed and those that are cleared, then sets new ones in the lanes of
-- their batches. `owned` are the places of the batches that are written. Lists as in `listed`. Raises
--   AN003  another lane has changed a deadline that has passed; DETAIL is a JSON array of [saga, instance id]
CREATE OR REPLACE FUNCTION annals.update_deadlines(
    owned integer[], topics text[], partitions integer[],
    deadline_batch text, deadline_saga text, deadline_instance_id text, deadline_name text, deadline_due_at text,
    deadline_event_id text, deadline_correlation_id text, deadline_actor text, deadline_traceparent text,
    cleared_batch text, cleared_saga text, cleared_instance_id text, cleared_name text,
    passed_batch text, passed_saga text, passed_instance_id text, passed_name text, passed_event_id text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed json;
BEGIN
    IF passed_saga <> '' THEN
        WITH passed AS (
            SELECT *
              FROM unnest(
                  annals.listed(passed_batch)::integer[], annals.listed(passed_saga),
                  annals.listed(passed_instance_id), annals.listed(passed_name),
                  annals.listed(passed_event_id)::uuid[]
              ) AS given(batch, saga, instance_id, name, event_id)
             WHERE given.batch = ANY(owned)
        ), gone AS (
            DELETE FROM annals.deadlines AS stored
             USING passed
             WHERE stored.saga = passed.saga AND stored.instance_id = passed.instance_id AND stored.name = passed.name
               AND stored.event_id = passed.event_id
            RETURNING stored.event_id
        )
        SELECT json_agg(json_build_array(saga, instance_id)) INTO changed
          FROM passed WHERE event_id NOT IN (SELECT event_id FROM gone);
        IF changed IS NOT NULL THEN
            RAISE EXCEPTION 'another lane has changed a deadline' USING ERRCODE = 'AN003', DETAIL = changed::text;
        END IF;
    END IF;
    IF cleared_saga <> '' THEN
        DELETE FROM annals.deadlines AS stored
         USING unnest(
             annals.listed(cleared_batch)::integer[], annals.listed(cleared_saga), annals.listed(cleared_instance_id),
             annals.listed(cleared_name)
         ) AS cleared(batch, saga, instance_id, name)
         WHERE cleared.batch = ANY(owned)
           AND stored.saga = cleared.saga AND stored.instance_id = cleared.instance_id AND stored.name = cleared.name;
    END IF;
    IF deadline_saga <> '' THEN
        INSERT INTO annals.deadlines (saga, instance_id, name, topic, partition, due_at, event_id, correlation_id,
                                      actor, traceparent)
        SELECT new.saga, new.instance_id, new.name, topics[new.batch], partitions[new.batch], new.due_at, new.event_id,
               new.correlation_id, new.actor, new.traceparent
          FROM unnest(
              annals.listed(deadline_batch)::integer[], annals.listed(deadline_saga),
              annals.listed(deadline_instance_id), annals.listed(deadline_name),
              annals.listed(deadline_due_at)::timestamptz[], annals.listed(deadline_event_id)::uuid[],
              annals.listed(deadline_correlation_id), annals.listed(deadline_actor),
              annals.listed(deadline_traceparent)
          ) AS new(batch, saga, instance_id, name, due_at, event_id, correlation_id, actor, traceparent)
         WHERE new.batch = ANY(owned)
        ON CONFLICT (saga, instance_id, name) DO UPDATE
           SET topic = excluded.topic, partition = excluded.partition, due_at = excluded.due_at,
               event_id = excluded.event_id, correlation_id = excluded.correlation_id, actor = excluded.actor,
               traceparent = excluded.traceparent;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.update_deadlines FROM PUBLIC;
