CREATE OR REPLACE FUNCTION shop.check_status(p_status text, p_field text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM workflow_statuses WHERE code = p_status) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM013',
            MESSAGE = 'There is no such status.',
            DETAIL = json_build_object('errors', json_build_array(
                json_build_object('field', p_field,
                                  'message', 'is in no workflow')));
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_status(text, text) IS
    'Raises OM013, naming the field, for a status that is in no workflow.';
