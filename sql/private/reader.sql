-- A session does not outlive a crash of the server, nor does its name.

CREATE OR REPLACE FUNCTION shop.reader() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN coalesce(nullif(current_setting('order_module.reader', true), ''),
                    set_config('order_module.reader', gen_random_uuid()::text,
                               false));
END
$$;

COMMENT ON FUNCTION shop.reader() IS
    'A name of this session, never of another.';
