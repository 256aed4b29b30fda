-- Counted in bytes.  A standby replays what is on its disk.

CREATE OR REPLACE FUNCTION shop.log_end(p_on_disk bool) RETURNS numeric
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                WHEN p_on_disk THEN pg_current_wal_flush_lsn()
                ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn;
END
$$;

COMMENT ON FUNCTION shop.log_end(bool) IS
    'How far the write-ahead log goes, or what of it is on the disk.';
