CREATE OR REPLACE FUNCTION shop.change_log_rotate() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
SET lock_timeout = '200ms'
AS $$
DECLARE
    v_next  int2 := (extract(epoch FROM now())::int8 / 86400 + 1) % 4;
    v_last  xid8 := (SELECT xid FROM change_log WHERE slot = v_next
                      ORDER BY xid DESC LIMIT 1);
BEGIN
    IF v_last IS NULL THEN
        RETURN;
    END IF;

    CASE v_next
    WHEN 0 THEN TRUNCATE change_log_0;
    WHEN 1 THEN TRUNCATE change_log_1;
    WHEN 2 THEN TRUNCATE change_log_2;
    WHEN 3 THEN TRUNCATE change_log_3;
    END CASE;

    UPDATE change_log_floor SET xid = greatest(xid, v_last);

EXCEPTION
    WHEN lock_not_available THEN
        RETURN;     -- somebody reads there or writes there: another time
END
$$;

COMMENT ON FUNCTION shop.change_log_rotate() IS
    'Empties the partition of the change log that tomorrow will fill.';
