-- A standby keeps the timeline that it has replayed the note of: one that
-- went another way than the primary, and is further, has another one.

CREATE OR REPLACE FUNCTION api.replayed(
    p_lsn pg_lsn, p_epoch int4, p_wait int4)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_end  timestamptz := clock_timestamp() + p_wait * interval '1 ms';
BEGIN
    LOOP
        IF NOT pg_is_in_recovery() THEN
            RAISE EXCEPTION USING
                ERRCODE = 'cannot_connect_now',
                MESSAGE = 'This is no standby.';
        END IF;

        EXIT WHEN pg_last_wal_replay_lsn() >= p_lsn;

        IF clock_timestamp() >= v_end THEN
            RAISE EXCEPTION USING
                ERRCODE = 'OM020', MESSAGE = 'The standby is behind.';
        END IF;

        PERFORM pg_sleep(0.001);
    END LOOP;

    IF NOT EXISTS (SELECT FROM timeline WHERE epoch = p_epoch) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM020',
            MESSAGE = 'The standby is on another timeline.';
    END IF;
END
$$;

COMMENT ON FUNCTION api.replayed(pg_lsn, int4, int4) IS
    'Waits on a standby until it has replayed what api.position() told of '
    'the primary, at most so many milliseconds. Source: none of the '
    'documents, several machines. Errors: OM020 it has not, or follows '
    'another timeline; 57P03 it is no standby.';
