-- Where each saga begins: a saga, or a type of event that it reacts to, that comes with a later release does not get the
-- events of before, and nobody is to miss them.

CREATE TABLE annals.saga_beginnings (
    saga           text        NOT NULL,
    event_type     text        NOT NULL,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    after_sequence bigint      NOT NULL,
    began_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, saga, event_type)
);
COMMENT ON COLUMN annals.saga_beginnings.after_sequence IS 'Events of this lane up to here were before the saga''s time.';

GRANT SELECT, INSERT ON annals.saga_beginnings TO annals_writer;
GRANT SELECT ON annals.saga_beginnings TO annals_reader;

-- What sagas have taken so far, they have followed from the first event on.
INSERT INTO annals.saga_beginnings (saga, event_type, topic, partition, after_sequence)
SELECT j.saga, j.event_type, l.topic, l.partition, 0
  FROM (SELECT DISTINCT saga, context, split_part(type, '.', 2) AS event_type
          FROM annals.saga_journal WHERE sequence > 0) AS j
  JOIN annals.lanes AS l ON l.role = 'saga' AND right(l.topic, length(j.context) + 7) = j.context || '.events';
