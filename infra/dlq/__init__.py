"""Dead letters at work: read from Kafka, with what operators did to them from Postgres; sent again; counted."""
