CREATE OR REPLACE FUNCTION api.add_cart_item(
    p_user uuid, p_role text, p_key text, p_fingerprint text,
    p_user_id uuid, p_product_id uuid, p_quantity int4, p_size text,
    p_color text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_owner   uuid := coalesce(p_user_id, p_user);
    v_active  boolean;
    v_cart    uuid;
    v_item    uuid;
    v_answer  api.answer;
BEGIN
    IF v_owner <> p_user AND p_role NOT IN ('admin', 'system') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002', MESSAGE = 'This is somebody else''s cart.';
    END IF;

    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'add_cart_item', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    IF NOT EXISTS (SELECT FROM users WHERE id = v_owner) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such user.';
    END IF;

    SELECT p.status = 'active' AND s.status = 'active' INTO v_active
      FROM products p
      JOIN stores s ON s.id = p.store_id
     WHERE p.id = p_product_id;

    IF v_active IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such product.';
    END IF;

    IF NOT v_active THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM008',
            MESSAGE = 'This item is no longer available.';
    END IF;

    INSERT INTO carts (user_id) VALUES (v_owner) ON CONFLICT DO NOTHING;

    SELECT id INTO v_cart FROM carts WHERE user_id = v_owner;

    PERFORM check_quantity(p_quantity);

    INSERT INTO cart_items AS i (cart_id, product_id, quantity, size, color)
    VALUES (v_cart, p_product_id, p_quantity, p_size, p_color)
    ON CONFLICT ON CONSTRAINT cart_items_line DO UPDATE
       SET quantity = i.quantity + excluded.quantity, updated_at = now()
     WHERE i.quantity + excluded.quantity <= 1000000
    RETURNING i.id INTO v_item;

    IF v_item IS NULL THEN
        PERFORM check_quantity(1000001);
    END IF;

    v_answer := reply(201, cart_item_json(v_item)::text);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'add_cart_item', p_key,
                                p_fingerprint, v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.add_cart_item(uuid, text, text, text, uuid, uuid,
                                      int4, text, text) IS
    'Puts a product into a cart; the same product in the same size and color '
    'adds to its line. Source: S1, POST /cart-items. Errors: OM001 no such '
    'user or product, OM002 somebody else''s cart, OM004 quantity, OM008 not '
    'sold any more, OM010 and OM011 Idempotency-Key.';
