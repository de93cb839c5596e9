-- Each role may do what its code does, and no more. Nothing updates a refusal: it is written once and heard once.
-- Of the functions, the reader's questions need the one that splits lists; what writes is the writer's alone.

REVOKE UPDATE ON annals.refusals FROM annals_writer;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA annals FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA annals TO annals_writer;
REVOKE EXECUTE ON FUNCTION annals.refuse_change(), annals.tell_saga() FROM annals_writer;
GRANT EXECUTE ON FUNCTION annals.listed(text) TO annals_reader;
