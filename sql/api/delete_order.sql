CREATE OR REPLACE FUNCTION api.delete_order(
    p_user uuid, p_role text, p_if_match int4, p_order text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order   orders;
    v_answer  api.answer;
BEGIN
    v_order := lock_order(p_user, p_role, p_if_match, p_order,
                          ARRAY['customer']);

    IF p_role = 'customer' AND NOT v_order.final THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM016',
            MESSAGE = format('An order that is %s cannot be deleted: it is '
                             'not over.', v_order.status),
            DETAIL = json_build_object('current_status', v_order.status);
    END IF;

    PERFORM act(p_user, p_role);

    DELETE FROM orders WHERE id = v_order.id;

    -- its last version, as the change log has it

    v_answer := reply_order(204, NULL, v_order);
    v_answer.version := v_order.version + 1;
    v_answer.deleted := true;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.delete_order(uuid, text, int4, text) IS
    'Deletes an order: a buyer''s own once it is over, an admin any. Source: '
    'S1, remove(), DELETE /orders/:id. Errors, in this order: OM001 no such '
    'order, OM002 not the caller''s, OM009 If-Match, OM016 not over.';
