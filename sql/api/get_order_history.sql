CREATE OR REPLACE FUNCTION api.get_order_history(
    p_user uuid, p_role text, p_order text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders := find_order(p_user, p_role, p_order);
BEGIN
    RETURN NEXT reply_order(200, (
        SELECT row_to_json(b)::text FROM (
            SELECT coalesce(json_agg(row_to_json(j)), '[]') AS history FROM (
                SELECT h.id, h.previous_status AS "previousStatus",
                       h.new_status AS "newStatus",
                       CASE WHEN h.changed_by IS NOT NULL
                            THEN json_build_object(
                                'id', h.changed_by,
                                'name', user_name(u.first_name, u.last_name))
                            END AS "changedBy",
                       h.change_reason AS reason, h.notes,
                       coalesce(h.metadata, '{}') AS metadata, h.source,
                       iso(h.created_at) AS "createdAt"
                  FROM order_status_history h
                  LEFT JOIN users u ON u.id = h.changed_by
                 WHERE h.order_id = v_order.id
                 ORDER BY h.created_at, h.id) j) b), v_order);
END
$$;

COMMENT ON FUNCTION api.get_order_history(uuid, text, text) IS
    'The audit trail of an order: who changed its status, when, and why. '
    'The name of changedBy is null where the user is not one of ours. '
    'Source: S4, Order Status History, GET /api/orders/:orderId/history. '
    'Errors: OM001 no such order, OM002 somebody else''s.';
