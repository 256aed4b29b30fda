CREATE OR REPLACE FUNCTION shop.change_log_rotate() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
SET lock_timeout = '200ms'
SET enable_seqscan = off
AS $$
DECLARE
    v_next  int2 := (extract(epoch FROM now())::int8 / 86400 + 1) % 4;
BEGIN
    IF NOT EXISTS (SELECT FROM change_log WHERE slot = v_next) THEN
        RETURN;
    END IF;

    CASE v_next
    WHEN 0 THEN LOCK TABLE change_log_0 IN ACCESS EXCLUSIVE MODE;
    WHEN 1 THEN LOCK TABLE change_log_1 IN ACCESS EXCLUSIVE MODE;
    WHEN 2 THEN LOCK TABLE change_log_2 IN ACCESS EXCLUSIVE MODE;
    WHEN 3 THEN LOCK TABLE change_log_3 IN ACCESS EXCLUSIVE MODE;
    END CASE;

    -- the totals must have all of it: else another time

    IF EXISTS (SELECT FROM change_log l, metric_mark m
                WHERE l.slot = v_next
                  AND (l.xid >= pg_snapshot_xmax(m.snapshot)
                       OR l.xid = ANY (ARRAY(
                              SELECT pg_snapshot_xip(m.snapshot)))))
    THEN
        RETURN;
    END IF;

    UPDATE change_log_floor
       SET xid = greatest(xid, (SELECT l.xid FROM change_log l
                                 WHERE l.slot = v_next
                                 ORDER BY l.xid DESC LIMIT 1)),
           removed = pg_current_snapshot();

    CASE v_next
    WHEN 0 THEN TRUNCATE change_log_0;
    WHEN 1 THEN TRUNCATE change_log_1;
    WHEN 2 THEN TRUNCATE change_log_2;
    WHEN 3 THEN TRUNCATE change_log_3;
    END CASE;

EXCEPTION
    WHEN lock_not_available THEN
        RETURN;     -- somebody reads there or writes there: another time
END
$$;

COMMENT ON FUNCTION shop.change_log_rotate() IS
    'Empties the partition of the change log that tomorrow will fill, if all '
    'of it is in the totals of the shop.';
