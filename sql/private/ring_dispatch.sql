-- As ring(): the module's own sessions ring after their commit, with
-- api.ring().

CREATE OR REPLACE FUNCTION shop.ring_dispatch() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF current_setting('order_module.rings', true) IS DISTINCT FROM 'on' THEN
        PERFORM pg_notify('dispatch', '');
    END IF;
END
$$;

COMMENT ON FUNCTION shop.ring_dispatch() IS
    'Tells the dispatchers that there is something to send.';
