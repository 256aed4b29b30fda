CREATE OR REPLACE FUNCTION shop.take_stock(p_lines shop.order_line[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_need   record;
    v_short  uuid[];
BEGIN
    FOR v_need IN
        SELECT product_id, sum(quantity) AS quantity
          FROM unnest(p_lines)
         GROUP BY product_id
         ORDER BY product_id
    LOOP
        UPDATE products
           SET stock = stock - v_need.quantity
         WHERE id = v_need.product_id
           AND stock >= v_need.quantity
           AND status = 'active';

        IF NOT FOUND THEN
            v_short := v_short || v_need.product_id;
        END IF;
    END LOOP;

    IF v_short IS NOT NULL THEN
        PERFORM refuse_lines((
            SELECT array_agg(ROW(l.line, l.product_id, l.quantity, l.size,
                                 l.color, l.store_id, l.name, l.description,
                                 l.price, p.status = 'active',
                                 p.stock)::order_line)
              FROM unnest(p_lines) l
              LEFT JOIN products p ON p.id = l.product_id
             WHERE l.product_id = ANY (v_short)));

        -- it came back in the meantime; too late for this one

        RAISE EXCEPTION USING
            ERRCODE = 'OM007', MESSAGE = 'There is not enough in stock.';
    END IF;
END
$$;

COMMENT ON FUNCTION shop.take_stock(shop.order_line[]) IS
    'Takes the lines out of stock, in the order of the products'' ids; '
    'raises OM007, OM008.';
