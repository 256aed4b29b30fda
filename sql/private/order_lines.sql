-- The lines of an order that is being placed, with their products as they
-- are at this moment.  Without items they are taken out of the cart: two
-- orders cannot get the same line.  p_items is a list of items, or one item
-- by itself, whose line is 0: refusals then name its fields alone.  The
-- planner expects many of them and would read all products: LIMIT 1 keeps it
-- to one look-up for each.

CREATE OR REPLACE FUNCTION shop.order_lines(
    p_user uuid, p_items jsonb, p_one_store boolean DEFAULT true,
    p_store uuid DEFAULT NULL)
RETURNS shop.order_line[]
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_alone   int4 := (jsonb_typeof(p_items) = 'object')::int4;
    v_lines   order_line[];
    v_stores  int8;
    v_good    boolean;
BEGIN
    IF p_items IS NULL THEN
        WITH taken AS (
            DELETE FROM cart_items i
             USING carts c
             WHERE c.user_id = p_user AND i.cart_id = c.id
         RETURNING i.*
        ), numbered AS (
            SELECT row_number() OVER (ORDER BY id) AS line, t.*
              FROM taken t
        )
        SELECT array_agg(ROW(n.line, n.product_id, n.quantity, n.size,
                             n.color, p.store_id, p.name, p.description,
                             p.price, p.status = 'active'
                                      AND st.status = 'active',
                             p.stock)::order_line ORDER BY n.line)
          INTO v_lines
          FROM numbered n,
               LATERAL (SELECT * FROM products WHERE id = n.product_id
                         LIMIT 1) p,
               LATERAL (SELECT * FROM stores WHERE id = p.store_id
                         LIMIT 1) st;

    ELSE
        SELECT array_agg(ROW(i.line - v_alone, i.product_id, i.quantity,
                             i.size, i.color, p.store_id, p.name,
                             p.description, p.price,
                             p.status = 'active' AND st.status = 'active',
                             p.stock)::order_line ORDER BY i.line)
          INTO v_lines
          FROM ROWS FROM (jsonb_to_recordset(
                              CASE v_alone WHEN 1
                              THEN jsonb_build_array(p_items)
                              ELSE p_items END)
                          AS (product_id uuid, quantity int4, size text,
                              color text))
               WITH ORDINALITY AS i (product_id, quantity, size, color, line)
          LEFT JOIN LATERAL (SELECT * FROM products WHERE id = i.product_id
                              LIMIT 1) p ON true
          LEFT JOIN LATERAL (SELECT * FROM stores WHERE id = p.store_id
                              LIMIT 1) st ON true;
    END IF;

    IF v_lines IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM005', MESSAGE = 'Cart is empty';
    END IF;

    SELECT count(DISTINCT l.store_id),
           bool_and(l.quantity BETWEEN 1 AND 1000000
                    AND l.active AND l.quantity <= l.stock) IS TRUE
           AND count(l.active) = count(*)
      INTO v_stores, v_good
      FROM unnest(v_lines) l;

    IF p_one_store AND v_stores > 1 OR v_lines[1].store_id <> p_store THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM006',
            MESSAGE = 'All cart items must be from the same store.';
    END IF;

    IF NOT v_good THEN
        PERFORM refuse_lines(v_lines);
    END IF;

    RETURN v_lines;
END
$$;

COMMENT ON FUNCTION shop.order_lines(uuid, jsonb, boolean, uuid) IS
    'The lines to order: of one store, unless told otherwise, and of p_store, '
    'unless NULL; raises OM004 to OM008.';
