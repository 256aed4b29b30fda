-- A change is new to a reader if its transaction was not finished in the
-- reader's last snapshot: its xid is not below that snapshot's xmax, or was
-- in progress then.  The next snapshot is this statement's own, so that
-- nothing falls between two reads, and no open transaction holds up the
-- others (the function must be STABLE for that).
--
-- A crash of the server takes back what was not on the disk: transactions
-- that wrote nothing that lasts (a NOTIFY, a rollback) end without waiting
-- for it, and their xids are given a second time.  So a snapshot alone holds
-- in the session that answered it only, which no crash outlives.  Another
-- session reads again from "sure" on, a lower xmax, of which it is known that
-- no xid below is given again: at some read in one session the log was on the
-- disk as far as it went when "next" was the xmax.  Where the feed stands is
--
--     epoch/snapshot/sure/next/end of the log then/session
--
-- The log no longer reaches back to a snapshot if a transaction is missing
-- from it that was not finished then, and was when the log was cut: one that
-- was still open has lost nothing, and its end is no gap.  Another timeline,
-- or a snapshot from the future, means another history.  What is held must
-- then be read again; but answers to queries from before are still on their
-- way, so the changes of the last ten seconds come along: they are newer than
-- any of those.  Of another timeline only the newest of each order, as all
-- versions of a new timeline replace those of the old one.
--
-- jit, enable_seqscan: the planner takes "xid >= $1" for a third of the log.
-- whose_change() looks up row by row for the same reason.

CREATE OR REPLACE FUNCTION api.feed_read(p_snapshot text)
RETURNS TABLE (snapshot text, head_epoch int4, revision int4, gap bool,
               order_id uuid, epoch int4, version int4, status int2,
               final bool, deleted bool, buyer uuid, seller uuid,
               driver uuid, order_number text, updated_at timestamptz,
               old_status int2, actor uuid, actor_name text,
               notify_admins bool, stuck_since timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_epoch  int4 := epoch();
    v_now    pg_snapshot := pg_current_snapshot();
    v_was    text[] := string_to_array(p_snapshot, '/');
    v_old    pg_snapshot := v_was[2];
    v_xip    xid8[] := ARRAY(SELECT pg_snapshot_xip(v_old));
    v_sure   xid8 := nullif(v_was[3], '');
    v_next   xid8 := v_was[4];
    v_end    numeric := v_was[5];
    v_me     text := reader();
    v_same   bool := coalesce(v_was[6] = v_me, false);
    v_from   xid8 := CASE WHEN v_same OR v_next IS NULL
                          THEN pg_snapshot_xmax(v_old) ELSE v_sure END;
    v_floor  xid8;
    v_cut    pg_snapshot;
    v_gap    bool := v_was[1] <> v_epoch::text
                     OR v_from > pg_snapshot_xmax(v_now);
BEGIN
    SELECT xid, coalesce(removed, v_now) INTO STRICT v_floor, v_cut
      FROM change_log_floor
     WHERE one;

    v_gap := coalesce(v_gap OR v_floor >= v_from, true) OR EXISTS (
        SELECT FROM unnest(v_xip) x
         WHERE x = v_floor
            OR (x < v_floor AND pg_visible_in_snapshot(x, v_cut)));

    IF v_gap THEN
        v_sure := NULL;
        v_same := false;
    END IF;

    IF NOT v_same OR log_end(true) >= v_end THEN
        v_sure := CASE WHEN v_same THEN v_next ELSE v_sure END;
        v_next := pg_snapshot_xmax(v_now);
        v_end := log_end(false);
    END IF;

    RETURN QUERY
    SELECT format('%s/%s/%s/%s/%s/%s', v_epoch, v_now, v_sure, v_next, v_end,
                  v_me), v_epoch, r.revision, v_gap,
           NULL::uuid, NULL::int4, NULL::int4, NULL::int2, NULL::bool,
           NULL::bool, NULL::uuid, NULL::uuid, NULL::uuid, NULL::text,
           NULL::timestamptz, NULL::int2, NULL::uuid, NULL::text,
           NULL::bool, NULL::timestamptz
      FROM revision r
     WHERE r.one;

    IF v_gap THEN
        RETURN QUERY
        SELECT NULL::text, NULL::int4, NULL::int4, NULL::bool,
               l.order_id, v_epoch, l.version, l.status, l.final, l.deleted,
               l.buyer, l.seller, l.driver, l.order_number, l.updated_at,
               l.old_status, l.actor, w.actor_name, w.notify_admins,
               l.stuck_since
          FROM (SELECT *, max(version) OVER (PARTITION BY order_id) AS newest
                  FROM change_log
                 WHERE updated_at > now() - interval '10 s') l,
               whose_change(l.actor, l.order_id) w
         WHERE l.version = l.newest
            OR split_part(p_snapshot, '/', 1) IN ('', v_epoch::text)
         ORDER BY l.version, l.stuck_since IS NOT NULL, l.updated_at;

        RETURN;
    END IF;

    RETURN QUERY
    SELECT NULL::text, NULL::int4, NULL::int4, NULL::bool,
           l.order_id, v_epoch, l.version, l.status, l.final, l.deleted,
           l.buyer, l.seller, l.driver, l.order_number, l.updated_at,
           l.old_status, l.actor, w.actor_name, w.notify_admins,
           l.stuck_since
      FROM change_log l, whose_change(l.actor, l.order_id) w
     WHERE l.xid >= v_from OR l.xid = ANY (v_xip)
     ORDER BY l.version, l.stuck_since IS NOT NULL, l.updated_at;
END
$$;

COMMENT ON FUNCTION api.feed_read(text) IS
    'What was committed since the snapshot that the feed_read() before this '
    'answered, or an empty text for the first one: first a row with where '
    'the feed stands now, then a row for each version, those of one order '
    'ascending. With "gap" the log does not reach back: all that is held '
    'must be read again, and the rows are those of the last 10 s, in another '
    'timeline the newest of each order. A row with '
    '"stuck_since" is not a version, but a notice about the version before: '
    'it is stuck since then, and the seller was told so at "updated_at". '
    '"actor_name" and "notify_admins" are as they are now, whose_change() '
    'has them. Source: S3, real-time updates. Errors: none.';
