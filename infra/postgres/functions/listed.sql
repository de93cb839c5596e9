-- A list comes as one text: its elements are separated by U+001F, NULL is written as U+001E. No stored value may hold these
-- control characters. A driver writes such a text many times faster than an array. The function is not STRICT: Postgres
-- puts no body in the place of a call that is, unless the body is so too.
CREATE OR REPLACE FUNCTION annals.listed(list text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_to_array(list, E'\x1f', E'\x1e')
$$;
REVOKE EXECUTE ON FUNCTION annals.listed FROM PUBLIC;
