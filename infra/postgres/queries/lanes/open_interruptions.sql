SELECT id, role, topic, partition, kind, former_topic_id, topic_id, consumed, start_offset, end_offset, missing, resumed_at,
       noticed_at
  FROM annals.open_log_interruptions
 ORDER BY id
