-- Each role may do what its code does, and no more. What waits for a saga to hear of it is written once and goes when it
-- is heard: nothing updates it. Of the functions, the reader's questions need the one that splits lists; those that write
-- are the writer's, and those of triggers are called by nobody.

DO $$
DECLARE
    name regclass;
    signature regprocedure;
BEGIN
    FOR name IN
        SELECT oid FROM pg_class
         WHERE relnamespace = 'annals'::regnamespace AND relname IN ('step_rejections', 'unchanged_steps')
    LOOP
        EXECUTE format('REVOKE UPDATE ON %s FROM annals_writer', name);
    END LOOP;
    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA annals FROM PUBLIC;
    FOR signature IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = 'annals'::regnamespace AND prokind = 'f' AND prorettype <> 'trigger'::regtype
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO annals_writer', signature);
    END LOOP;
    GRANT EXECUTE ON FUNCTION annals.listed(text) TO annals_reader;
END $$;
