-- Every seller is the manager of a store: so nobody has to read the tallies
-- of all buyers for the total of all orders.

CREATE OR REPLACE FUNCTION shop.order_total(
    p_side text, p_owner uuid, p_status text)
RETURNS int8
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF p_side = 'driver' THEN
        RETURN (SELECT count(*) FROM orders
                 WHERE driver_id = p_owner
                   AND (p_status IS NULL OR status = p_status));
    END IF;

    IF p_side = 'all' THEN
        RETURN (SELECT coalesce(sum(t.orders), 0)
                  FROM (SELECT DISTINCT manager_id FROM stores) m,
                       LATERAL (SELECT sum(orders) AS orders
                                  FROM order_tallies
                                 WHERE owner = m.manager_id
                                   AND side = 'seller'
                                   AND (p_status IS NULL
                                        OR status = p_status)) t);
    END IF;

    RETURN (SELECT coalesce(sum(orders), 0) FROM order_tallies
             WHERE owner = p_owner AND side = p_side
               AND (p_status IS NULL OR status = p_status));
END
$$;

COMMENT ON FUNCTION shop.order_total(text, uuid, text) IS
    'How many orders a list has in all, from the tallies: nothing is '
    'counted, but for a driver.';
