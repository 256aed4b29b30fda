CREATE OR REPLACE FUNCTION shop.mail_items_text(p_order shop.orders)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    c_most  CONSTANT int4 := 100;
BEGIN
    RETURN (SELECT coalesce(string_agg(
                       wrapped(i.quantity || ' x ' || concat_ws(', ',
                                   left(i.product_name, 200), i.size,
                                   i.color), '  ')
                       || '      ' || price(i.total_price, p_order.currency)
                       || E'\n', '' ORDER BY i.line), '')
              FROM order_items i
             WHERE i.order_id = p_order.id AND i.line <= c_most)
           || (SELECT coalesce(string_agg(format(E'  and %s more\n', n), ''),
                               '')
                 FROM (SELECT count(*) AS n FROM order_items i
                        WHERE i.order_id = p_order.id AND i.line > c_most) m
                WHERE n > 0)
           || E'\n'
           || CASE WHEN p_order.total_discount > 0
              THEN 'Subtotal: '
                   || price(p_order.total_amount, p_order.currency) || E'\n'
                   || 'Discount: -'
                   || price(p_order.total_discount, p_order.currency) || E'\n'
              ELSE '' END
           || 'Total: ' || price(p_order.final_total, p_order.currency)
           || E'\n';
END
$$;

COMMENT ON FUNCTION shop.mail_items_text(shop.orders) IS
    'What was ordered and what it costs, as lines of a mail.';
