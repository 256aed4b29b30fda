CREATE OR REPLACE FUNCTION api.list_driver_tasks(
    p_user uuid, p_role text, p_status text, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit   int4 := page_limit(p_limit);
    v_before  uuid := page_cursor(p_cursor);
    v_tasks   deliveries[];
BEGIN
    v_tasks := ARRAY(SELECT d
                       FROM deliveries d
                      WHERE d.driver_id = p_user
                        AND (p_status IS NULL OR d.delivery_status = p_status)
                        AND d.id < coalesce(v_before, 'ffffffff-ffff-ffff-'
                                                      'ffff-ffffffffffff')
                      ORDER BY d.id DESC
                      LIMIT v_limit + 1);

    RETURN NEXT reply_tasks(v_tasks, v_limit);
END
$$;

COMMENT ON FUNCTION api.list_driver_tasks(uuid, text, text, int4, text) IS
    'The caller''s delivery tasks, the newest first, a bare array; the next '
    'cursor is a column of the answer. Source: S0, GET /api/driver/tasks. '
    'Errors: OM004 cursor.';
