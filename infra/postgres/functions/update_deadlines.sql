-- Part of commit_sagas: removes the deadlines that have passed and those that are cleared, then sets new ones in the lane.
-- Lists as in `listed`. Raises
--   AN003  another lane has changed a deadline that has passed
CREATE OR REPLACE FUNCTION annals.update_deadlines(
    lane_topic text, lane_partition integer,
    deadline_saga text, deadline_instance_id text, deadline_name text, deadline_due_at text, deadline_event_id text,
    deadline_correlation_id text, deadline_actor text, deadline_traceparent text,
    cleared_saga text, cleared_instance_id text, cleared_name text,
    passed_saga text, passed_instance_id text, passed_name text, passed_event_id text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    IF passed_saga <> '' THEN
        WITH gone AS (
            DELETE FROM annals.deadlines AS stored
             USING unnest(
                 annals.listed(passed_saga), annals.listed(passed_instance_id), annals.listed(passed_name),
                 annals.listed(passed_event_id)::uuid[]
             ) AS passed(saga, instance_id, name, event_id)
             WHERE stored.saga = passed.saga AND stored.instance_id = passed.instance_id AND stored.name = passed.name
               AND stored.event_id = passed.event_id
            RETURNING 1
        )
        SELECT count(*) INTO removed FROM gone;
        IF removed <> cardinality(annals.listed(passed_saga)) THEN
            RAISE EXCEPTION 'another lane has changed a deadline' USING ERRCODE = 'AN003';
        END IF;
    END IF;
    IF cleared_saga <> '' THEN
        DELETE FROM annals.deadlines AS stored
         USING unnest(
             annals.listed(cleared_saga), annals.listed(cleared_instance_id), annals.listed(cleared_name)
         ) AS cleared(saga, instance_id, name)
         WHERE stored.saga = cleared.saga AND stored.instance_id = cleared.instance_id AND stored.name = cleared.name;
    END IF;
    IF deadline_saga <> '' THEN
        INSERT INTO annals.deadlines (saga, instance_id, name, topic, partition, due_at, event_id, correlation_id,
                                      actor, traceparent)
        SELECT new.saga, new.instance_id, new.name, lane_topic, lane_partition, new.due_at, new.event_id,
               new.correlation_id, new.actor, new.traceparent
          FROM unnest(
              annals.listed(deadline_saga), annals.listed(deadline_instance_id), annals.listed(deadline_name),
              annals.listed(deadline_due_at)::timestamptz[], annals.listed(deadline_event_id)::uuid[],
              annals.listed(deadline_correlation_id), annals.listed(deadline_actor),
              annals.listed(deadline_traceparent)
          ) AS new(saga, instance_id, name, due_at, event_id, correlation_id, actor, traceparent)
        ON CONFLICT (saga, instance_id, name) DO UPDATE
           SET topic = excluded.topic, partition = excluded.partition, due_at = excluded.due_at,
               event_id = excluded.event_id, correlation_id = excluded.correlation_id, actor = excluded.actor,
               traceparent = excluded.traceparent;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.update_deadlines FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.update_deadlines TO annals_writer;
