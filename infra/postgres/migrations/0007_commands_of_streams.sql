-- A command's id is its own within its context and stream: a command of another stream with the same id is another command,
-- so nobody can take the id of a command before it comes. By the id first: ids that are looked up without the stream are
-- found by the same index.
--
-- Workers of the release before go on working beside this: they write an outcome for each command, and look up by the id.
ALTER TABLE annals.commands
    DROP CONSTRAINT commands_pkey,
    ADD CONSTRAINT commands_pkey PRIMARY KEY (command_id, context, stream_id);
