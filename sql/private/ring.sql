-- The doorbell of the change feed.  The module's own sessions set
-- order_module.rings=on when they start, and ring after their commit:
-- a NOTIFY inside a writing transaction holds a lock of the whole database
-- past the commit.

CREATE OR REPLACE FUNCTION shop.ring() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF current_setting('order_module.rings', true) IS DISTINCT FROM 'on' THEN
        PERFORM pg_notify('order_changes', '');
    END IF;
END
$$;

COMMENT ON FUNCTION shop.ring() IS
    'Tells the change feeds that there is something new.';
