CREATE OR REPLACE FUNCTION shop.refuse_field(p_field text, p_message text)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'OM004',
        MESSAGE = 'Some fields are not valid.',
        DETAIL = json_build_object('errors', json_build_array(
            json_build_object('field', p_field, 'message', p_message)));
END
$$;

COMMENT ON FUNCTION shop.refuse_field(text, text) IS
    'Raises OM004 for one field: what C could not know.';
