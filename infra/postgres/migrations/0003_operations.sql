-- What operators did, what became of topics, and how the installation is laid out.

CREATE TABLE annals.interventions (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor   text        NOT NULL,
    action  text        NOT NULL,
    target  text        NOT NULL,
    reason  text        NOT NULL,
    details jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX interventions_target ON annals.interventions (target, id);
-- The command of a dead letter is sent again under an id that follows from the earlier attempts. When two operators retry
-- at the same time, this index makes it one attempt: the second operator sends the same id once more.
CREATE UNIQUE INDEX interventions_attempt ON annals.interventions ((details->>'command_id'))
    WHERE action = 'dlq-retry';
CREATE INDEX interventions_attempts ON annals.interventions ((details->>'root_id'), id)
    WHERE action = 'dlq-retry';
COMMENT ON TABLE annals.interventions IS 'Every action of an operator: who did what, when and why. Rows are only inserted.';
COMMENT ON COLUMN annals.interventions.target IS 'What the action was about, as the command line names it.';

CREATE TABLE annals.log_interruptions (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role            text        NOT NULL,
    topic           text        NOT NULL,
    partition       integer     NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('recreated', 'deleted', 'truncated')),
    former_topic_id text        NOT NULL,
    topic_id        text        NOT NULL,
    consumed        bigint      NOT NULL,
    start_offset    bigint      NOT NULL,
    end_offset      bigint      NOT NULL,
    missing         bigint,
    resumed_at      bigint      NOT NULL,
    noticed_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX log_interruptions_lane ON annals.log_interruptions (role, topic, partition, id);
COMMENT ON TABLE annals.log_interruptions IS 'When a lane found that its topic is another one, or lacks records that it had not read.';
COMMENT ON COLUMN annals.log_interruptions.missing IS 'How many records may be lost unread, at most; NULL when that is unknown.';
COMMENT ON COLUMN annals.log_interruptions.resumed_at IS 'The offset from which the lane has read on.';

CREATE VIEW annals.open_log_interruptions AS
SELECT interruption.*
  FROM annals.log_interruptions AS interruption
 WHERE NOT EXISTS (
     SELECT FROM annals.interventions AS intervention
      WHERE intervention.action = 'lanes-acknowledge'
        AND intervention.target = interruption.role || ':' || interruption.topic || '/' || interruption.partition
        AND (intervention.details->>'until')::bigint >= interruption.id
 );
COMMENT ON VIEW annals.open_log_interruptions IS 'Those that no operator has acknowledged: by an intervention `lanes-acknowledge` that names this id or a later one of the lane.';

CREATE TABLE annals.installation (
    is_installation boolean     PRIMARY KEY DEFAULT true CHECK (is_installation),
    partitions      integer     NOT NULL CHECK (partitions > 0),
    decided_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE annals.installation IS 'One row. How many lanes each context has never changes: another number would move streams between lanes.';
