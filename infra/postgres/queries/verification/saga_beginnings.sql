SELECT partition, saga, event_type, after_sequence FROM annals.saga_beginnings WHERE topic = $1
