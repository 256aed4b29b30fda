-- The timeline of the database: a fail-over raises it, and nothing else does.
-- In plpgsql, because SQL would be planned anew with each call.

CREATE OR REPLACE FUNCTION shop.epoch() RETURNS int4
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN (pg_control_checkpoint()).timeline_id;
    END IF;

    RETURN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))
           ::bit(32)::int4;
END
$$;

COMMENT ON FUNCTION shop.epoch() IS
    'The timeline of the database.';
