-- A caller's are those that he may see, as the pushes have it: what he bought,
-- sells or delivers, whatever his role.

CREATE OR REPLACE FUNCTION api.newest_orders(p_user uuid, p_role text)
RETURNS SETOF api.record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_epoch  int4 := epoch();
    v_sides  text[] := CASE order_side(p_role)
                       WHEN 'all' THEN ARRAY['all']
                       ELSE ARRAY['buyer', 'seller', 'driver'] END;
BEGIN
    RETURN QUERY
    SELECT o.id, v_epoch, o.version, o.status_id, o.final, false,
           o.buyer_id, o.seller_id, o.driver_id, o.order_number::text,
           o.updated_at
      FROM (SELECT DISTINCT p.id
              FROM unnest(v_sides) s,
                   unnest(order_page(s, p_user, NULL, 'createdAt', true, 100,
                                     0, NULL)) p (id)) l,
           LATERAL (SELECT * FROM orders WHERE id = l.id LIMIT 1) o
     ORDER BY o.created_at DESC, o.id DESC
     LIMIT 101;
END
$$;

COMMENT ON FUNCTION api.newest_orders(uuid, text) IS
    'The records of the newest 101 orders that the caller bought, sells or '
    'delivers, the newest first; of all orders for admin and system. Source: '
    'S3, real-time updates. Errors: none.';
