CREATE OR REPLACE FUNCTION api.list_driver_requests(
    p_user uuid, p_role text, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit  int4 := page_limit(p_limit);
    v_after  uuid := page_cursor(p_cursor);
    v_tasks  deliveries[];
BEGIN
    v_tasks := ARRAY(SELECT d
                       FROM deliveries d
                      WHERE d.delivery_status = 'assigned'
                        AND d.driver_id IS NULL
                        AND d.id > coalesce(v_after, '00000000-0000-0000-'
                                                     '0000-000000000000')
                        AND NOT EXISTS (SELECT FROM delivery_rejections r
                                         WHERE r.delivery_id = d.id
                                           AND r.driver_id = p_user)
                      ORDER BY d.id
                      LIMIT v_limit + 1);

    RETURN NEXT reply_tasks(v_tasks, v_limit);
END
$$;

COMMENT ON FUNCTION api.list_driver_requests(uuid, text, int4, text) IS
    'Open delivery tasks that the caller did not reject, the oldest first, a '
    'bare array; the next cursor is a column of the answer. Source: S0, '
    'GET /api/driver/requests. Errors: OM004 cursor.';
