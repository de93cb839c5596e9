-- Offsets belong to one topic, not to its name: a topic that is deleted and made again has another id and begins anew.

ALTER TABLE annals.lanes ADD COLUMN topic_id text NOT NULL DEFAULT '';
ALTER TABLE annals.lanes ADD COLUMN published_topic_id text NOT NULL DEFAULT '';
COMMENT ON COLUMN annals.lanes.topic_id IS 'Of the topic whose offset is consumed; empty: not known yet.';
COMMENT ON COLUMN annals.lanes.published_topic_id IS 'Of the topic whose offset is published_offset; empty: not known yet.';

-- When a lane found its topic to be another, or without records that it had not read. Open until an operator has
-- acknowledged it: an intervention `lanes-acknowledge` of the lane whose details name this id or a later one.
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
COMMENT ON COLUMN annals.log_interruptions.missing IS 'How many records are gone unread, at most; NULL: nobody knows.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.log_interruptions
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.log_interruptions ENABLE ALWAYS TRIGGER append_only;
GRANT SELECT, INSERT ON annals.log_interruptions TO annals_writer;
GRANT SELECT ON annals.log_interruptions TO annals_reader;

CREATE VIEW annals.open_log_interruptions AS
SELECT i.* FROM annals.log_interruptions AS i
 WHERE NOT EXISTS (
     SELECT FROM annals.interventions AS a
      WHERE a.action = 'lanes-acknowledge'
        AND a.target = i.role || ':' || i.topic || '/' || i.partition
        AND (a.details->>'until')::bigint >= i.id
 );
GRANT SELECT ON annals.open_log_interruptions TO annals_writer, annals_reader;

-- How many lanes each context has. One number for all topics, for as long as the installation lives: another one would
-- move streams from one lane to another.
CREATE TABLE annals.installation (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    partitions integer     NOT NULL CHECK (partitions > 0),
    since      timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.installation
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.installation ENABLE ALWAYS TRIGGER append_only;
GRANT SELECT, INSERT ON annals.installation TO annals_writer;
GRANT SELECT ON annals.installation TO annals_reader;

-- One that has worked already has taken every lane of a context.
INSERT INTO annals.installation (partitions)
SELECT max(partition) + 1 FROM annals.lanes WHERE role = 'command' HAVING count(*) > 0;
