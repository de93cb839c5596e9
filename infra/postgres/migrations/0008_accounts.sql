-- The schema and all in it belongs to a role without a login, and no account of a process owns anything. Who may do what
-- is in rights.sql, which is applied after the functions.

DO $$
DECLARE
    statement text;
BEGIN
    ALTER SCHEMA annals OWNER TO annals_owner;
    FOR statement IN
        SELECT format('ALTER %s %s OWNER TO annals_owner',
                      CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, oid::regclass)
          FROM pg_class
         WHERE relnamespace = 'annals'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
         UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO annals_owner', oid::regprocedure)
          FROM pg_proc
         WHERE pronamespace = 'annals'::regnamespace
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;

-- Rejections of earlier releases quote the e-mail address that another user has. Outcomes are kept without a time limit.
UPDATE annals.commands
   SET error = '{"code":"EmailTaken","message":"Another user has this e-mail address.","details":null}'
 WHERE error ->> 'code' = 'EmailTaken' AND context = 'users';
