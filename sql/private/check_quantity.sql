CREATE OR REPLACE FUNCTION shop.check_quantity(p_quantity int4) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF p_quantity IS NULL OR p_quantity NOT BETWEEN 1 AND 1000000 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = 'The quantity is not valid.',
            DETAIL = '{"errors":[{"field":"quantity","message":'
                     '"must be between 1 and 1000000"}]}';
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_quantity(int4) IS
    'Raises OM004 for a quantity that no line may have.';
