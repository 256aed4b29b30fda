-- By the rule of api.feed_read(): new is what was not finished in the last
-- snapshot and is now.  So nothing is missed behind an open transaction, and
-- nothing is counted twice.  One session folds, the others go on: they have
-- what was folded last.
--
-- It goes in steps of some 20,000 changes (those of one transaction stay
-- together), so that after a long time without anybody who folded no call
-- runs long: a step ends at a xid, and the snapshot that it leaves is the
-- current one, cut off there.  This transaction's own changes are not
-- finished to it; the next one has them.
--
-- Log and snapshot are in one database, so a fail-over breaks nothing, and
-- the log lets go of nothing that is not folded (shop.change_log_rotate()).
-- A snapshot from the future is of another cluster, from whose dump this one
-- was restored.

CREATE OR REPLACE FUNCTION shop.fold_changes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    v_end   timestamptz := clock_timestamp() + interval '500 ms';
    v_own   xid8 := pg_current_xact_id();
    v_old   pg_snapshot;
    v_now   pg_snapshot;
    v_xmax  xid8;
    v_xip   xid8[];
BEGIN
    SELECT snapshot INTO v_old FROM metric_mark WHERE one
       FOR UPDATE SKIP LOCKED;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    LOOP
        v_now := pg_current_snapshot();

        IF pg_snapshot_xmax(v_old) > pg_snapshot_xmax(v_now) THEN
            PERFORM count_orders();
            RETURN;
        END IF;

        v_xmax := (SELECT xid FROM change_log
                    WHERE xid >= pg_snapshot_xmax(v_old)
                    ORDER BY xid OFFSET 20000 LIMIT 1);
        v_xmax := least(pg_snapshot_xmax(v_now),
                        (v_xmax::text::numeric + 1)::text::xid8);
        v_xip := ARRAY(SELECT x FROM pg_snapshot_xip(v_now) x
                        WHERE x < v_xmax
                        UNION
                       SELECT v_own WHERE v_own < v_xmax
                        ORDER BY 1);

        PERFORM fold_step(v_old,
                          format('%s:%s:%s', coalesce(v_xip[1], v_xmax),
                                 v_xmax, array_to_string(v_xip, ','))
                              ::pg_snapshot);

        v_old := (SELECT snapshot FROM metric_mark);

        EXIT WHEN v_xmax = pg_snapshot_xmax(v_now)
                  OR clock_timestamp() > v_end;
    END LOOP;
END
$$;

COMMENT ON FUNCTION shop.fold_changes() IS
    'Adds what the change log has got to the totals of the shop, for half a '
    'second at most; does nothing where another session is at it.';
