-- Whether an outcome is the answer to a saga's step. The id of a step can be computed by anybody, so another command may
-- have been handled under it: in another stream, of another type or content, or with another cause. Its outcome says
-- nothing of the step, which then has no answer and is asked for again. An outcome without a digest of the content is
-- not compared by its content.
CREATE OR REPLACE FUNCTION annals.answers(answer annals.commands, step annals.saga_outbox) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT answer.command_id = step.command_id
       AND answer.type = step.command_type
       AND answer.stream_id = step.stream_id
       AND coalesce(answer.causation_id, answer.command_id::text) = step.causation_id
       AND coalesce(answer.content_digest = substring(sha256(convert_to(step.data::text, 'UTF8')) for 16), true)
$$;
REVOKE EXECUTE ON FUNCTION annals.answers FROM PUBLIC;
