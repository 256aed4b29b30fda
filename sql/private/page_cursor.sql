CREATE OR REPLACE FUNCTION shop.page_cursor(p_cursor text) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF p_cursor !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = 'The cursor is not one that a list gave.',
            DETAIL = '{"errors":[{"field":"cursor","message":'
                     '"must be the next_cursor of an answer"}]}';
    END IF;

    RETURN p_cursor::uuid;
END
$$;

COMMENT ON FUNCTION shop.page_cursor(text) IS
    'Where a list goes on; raises OM004.';
