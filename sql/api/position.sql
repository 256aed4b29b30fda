-- What a reader may have seen is flushed: it became visible after that.

CREATE OR REPLACE FUNCTION api.position()
RETURNS TABLE (lsn pg_lsn, epoch int4)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF NOT pg_is_in_recovery() THEN
        lsn := pg_current_wal_flush_lsn();
        epoch := epoch();
    END IF;

    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION api.position() IS
    'How far the primary is: what a standby must have replayed to have all '
    'that was committed by now, and the timeline. NULLs on a standby. '
    'Source: none of the documents, several machines. Errors: none.';
