CREATE OR REPLACE FUNCTION api.update_cart_item(
    p_user uuid, p_role text, p_id uuid, p_quantity int4)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM own_cart_item(p_user, p_role, p_id);
    PERFORM check_quantity(p_quantity);

    UPDATE cart_items
       SET quantity = p_quantity, updated_at = now()
     WHERE id = p_id;

    RETURN NEXT reply(200, cart_item_json(p_id)::text);
END
$$;

COMMENT ON FUNCTION api.update_cart_item(uuid, text, uuid, int4) IS
    'Changes the quantity of a line. Source: S1, PATCH /cart-items/:id. '
    'Errors: OM001 no such line, OM002 somebody else''s, OM004 quantity.';
