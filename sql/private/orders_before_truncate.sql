CREATE OR REPLACE FUNCTION shop.orders_before_truncate() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'OM004',
        MESSAGE = 'Orders are deleted, not truncated: the change log would '
                  'not know.';
END
$$;

COMMENT ON FUNCTION shop.orders_before_truncate() IS
    'Refuses TRUNCATE, of which no copy of an order would learn; raises '
    'OM004.';

CREATE OR REPLACE TRIGGER before_truncate
    BEFORE TRUNCATE ON shop.orders
    FOR EACH STATEMENT EXECUTE FUNCTION shop.orders_before_truncate();
