CREATE OR REPLACE FUNCTION api.delete_cart_item(
    p_user uuid, p_role text, p_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM own_cart_item(p_user, p_role, p_id);

    DELETE FROM cart_items WHERE id = p_id;

    RETURN NEXT reply(204, NULL);
END
$$;

COMMENT ON FUNCTION api.delete_cart_item(uuid, text, uuid) IS
    'Takes a line out of a cart. Source: S1, DELETE /cart-items/:id. '
    'Errors: OM001 no such line, OM002 somebody else''s.';
