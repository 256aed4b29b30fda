CREATE OR REPLACE FUNCTION api.update_order(
    p_user uuid, p_role text, p_if_match int4, p_order text, p_status text,
    p_comments text, p_discount_amount numeric)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    -- a discount of 0 is none, as in the document

    v_discount  numeric := nullif(round(p_discount_amount, 8), 0);
    v_order     orders;
BEGIN
    IF p_status IS NOT NULL THEN
        PERFORM check_status(p_status, 'status');
    ELSIF v_discount IS NULL THEN
        PERFORM refuse_field('status', 'is required');
    END IF;

    v_order := lock_order(p_user, p_role, p_if_match, p_order,
                          ARRAY['manager']);

    IF v_discount IS NOT NULL AND v_order.final THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM016',
            MESSAGE = format('An order that is %s keeps its price.',
                             v_order.status),
            DETAIL = json_build_object('current_status', v_order.status);
    END IF;

    IF v_discount NOT BETWEEN 0 AND v_order.total_amount THEN
        PERFORM refuse_field('discountAmount', 'must be at most '
                             || amount(v_order.total_amount));
    END IF;

    PERFORM note(NULL, p_comments);

    IF v_discount IS NULL THEN
        v_order := move_order(p_user, p_role, v_order, p_status);

    ELSE
        PERFORM act(p_user, p_role);

        UPDATE orders
           SET status = coalesce(p_status, status),
               total_discount = v_discount,
               order_notes = coalesce(p_comments, concat_ws(' ',
                   'Discount applied:', currency, amount(v_discount)))
         WHERE id = v_order.id
        RETURNING * INTO v_order;
    END IF;

    RETURN NEXT reply_order(200, order_shape(v_order, 'order'), v_order);
END
$$;

COMMENT ON FUNCTION api.update_order(uuid, text, int4, text, text, text,
                                     numeric) IS
    'Moves an order on, gives a discount, or both; comments go into the '
    'history of the status, and with a discount into the order''s notes. '
    'Source: S3, PUT /api/orders/:id. Errors, in this order: OM013 status in '
    'no workflow, OM004 status, OM001 no such order, OM002 not of the '
    'caller''s store, OM009 If-Match, OM016 a discount on a final order, '
    'OM004 discountAmount, OM003 not from here or not by this role.';
