-- Its names are bound here and not by a search_path: setting one would cost
-- more, for each row, than the row itself.  In a select list a function like
-- this gives its rows one by one, and nothing is gathered:
--
--     SELECT (r).* FROM (SELECT api.open_orders() AS r) o

CREATE OR REPLACE FUNCTION api.open_orders() RETURNS SETOF api.record
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT o.id, e.epoch, o.version, o.status_id, o.final, false,
           o.buyer_id, o.seller_id, o.driver_id, o.order_number,
           o.updated_at
      FROM shop.orders o, (SELECT shop.epoch() AS epoch OFFSET 0) e
     WHERE NOT o.final;
END;

COMMENT ON FUNCTION api.open_orders() IS
    'The records of all orders that are not final, for a cold start. '
    'Source: S2, GET /api/order-status/:order_id. Errors: none.';
