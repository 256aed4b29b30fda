CREATE OR REPLACE FUNCTION api.cancel_order(
    p_user uuid, p_role text, p_if_match int4, p_order text, p_reason text,
    p_shape text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
BEGIN
    v_order := lock_order(p_user, p_role, p_if_match, p_order,
                          ARRAY['customer', 'manager']);

    PERFORM note(p_reason, NULL);

    v_order := move_order(p_user, p_role, v_order,
                          coalesce(next_status(v_order, 'cancelled'),
                                   'cancelled'));

    RETURN NEXT reply_order(200, order_shape(v_order, p_shape), v_order);
END
$$;

COMMENT ON FUNCTION api.cancel_order(uuid, text, int4, text, text, text) IS
    'Cancels an order; the reason goes into its history. Source: S1, '
    'PATCH /orders/:id/cancel. Errors, in this order: OM001 no such order, '
    'OM002 not the caller''s, OM009 If-Match, OM003 not from here or not by '
    'this role.';
