CREATE OR REPLACE FUNCTION api.get_order_timeline(
    p_user uuid, p_role text, p_order text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders := find_order(p_user, p_role, p_order);
BEGIN
    RETURN NEXT reply_order(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT timeline_json(v_order.id, v_order.workflow, true)
                           AS timeline) b), v_order);
END
$$;

COMMENT ON FUNCTION api.get_order_timeline(uuid, text, text) IS
    'What happened to an order: its statuses, each with time, description, '
    'source and metadata. Source: S4, GET /api/orders/:orderId/timeline. '
    'Errors: OM001 no such order, OM002 somebody else''s.';
