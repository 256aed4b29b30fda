CREATE OR REPLACE FUNCTION api.patch_order(
    p_user uuid, p_role text, p_if_match int4, p_order text, p_status text,
    p_notes text, p_shipping_address jsonb, p_shape text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_contents  boolean := coalesce(p_notes, p_shipping_address::text)
                           IS NOT NULL;
    v_order     orders;
BEGIN
    IF p_status IS NOT NULL THEN
        PERFORM check_status(p_status, 'status');
    ELSIF NOT v_contents THEN
        PERFORM refuse_field('status', 'is required');
    END IF;

    v_order := lock_order(p_user, p_role, p_if_match, p_order,
                          ARRAY['customer', 'manager']);

    IF p_shipping_address IS NOT NULL AND p_role = 'manager' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'The shipping address is its buyer''s to change.';
    END IF;

    IF v_contents AND (v_order.final OR v_order.shipped_at IS NOT NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM016',
            MESSAGE = format('An order that is %s keeps its notes and '
                             'address.', v_order.status),
            DETAIL = json_build_object('current_status', v_order.status);
    END IF;

    IF NOT v_contents THEN
        v_order := move_order(p_user, p_role, v_order, p_status);

    ELSE
        PERFORM act(p_user, p_role);

        UPDATE orders
           SET status = coalesce(p_status, status),
               order_notes = coalesce(p_notes, order_notes),
               shipping_address = coalesce(p_shipping_address,
                                           shipping_address)
         WHERE id = v_order.id
        RETURNING * INTO v_order;
    END IF;

    RETURN NEXT reply_order(200, order_shape(v_order, p_shape), v_order);
END
$$;

COMMENT ON FUNCTION api.patch_order(uuid, text, int4, text, text, text, jsonb,
                                    text) IS
    'Changes status, notes and shipping address of an order, whichever are '
    'given; notes and address until it is shipped. Source: S1, '
    'PATCH /orders/:id. Errors, in this order: OM013 status in no workflow, '
    'OM004 none of the three, OM001 no such order, OM002 not the caller''s, '
    'or not the caller''s address, OM009 If-Match, OM016 shipped or final, '
    'OM003 not from here or not by this role.';
