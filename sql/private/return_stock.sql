CREATE OR REPLACE FUNCTION shop.return_stock(p_orders uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    -- products are locked in the order of their ids, as by place_order()

    PERFORM FROM products p
      WHERE p.id IN (SELECT i.product_id FROM order_items i
                      WHERE i.order_id = ANY (p_orders))
      ORDER BY p.id
        FOR NO KEY UPDATE;

    UPDATE products p
       SET stock = p.stock + i.quantity
      FROM (SELECT product_id, sum(quantity) AS quantity
              FROM order_items
             WHERE order_id = ANY (p_orders)
             GROUP BY product_id) i
     WHERE p.id = i.product_id;
END
$$;

COMMENT ON FUNCTION shop.return_stock(uuid[]) IS
    'Puts the items of these orders back into stock.';
