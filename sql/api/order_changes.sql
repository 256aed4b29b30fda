-- enable_seqscan: the log may have been small when the plan was made.

CREATE OR REPLACE FUNCTION api.order_changes(p_order uuid, p_version int4)
RETURNS TABLE (order_id uuid, epoch int4, version int4, status int2,
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
BEGIN
    RETURN QUERY
    SELECT l.order_id, v_epoch, l.version, l.status, l.final, l.deleted,
           l.buyer, l.seller, l.driver, l.order_number, l.updated_at,
           l.old_status, l.actor, w.actor_name, w.notify_admins,
           l.stuck_since
      FROM (SELECT * FROM change_log
             WHERE order_id = p_order AND version > p_version
               AND stuck_since IS NULL
             ORDER BY version
             LIMIT 100) l,
           whose_change(l.actor, l.order_id) w
     ORDER BY l.version;
END
$$;

COMMENT ON FUNCTION api.order_changes(uuid, int4) IS
    'The versions of an order behind one that a client has, ascending, 100 '
    'at most, with the columns of feed_read()''s rows, but no notices. The '
    'change log reaches back two days: where the first is not the next '
    'version, or there is none, what is between cannot be told. Asks nobody '
    'who is calling: whether he may see the order is for the module to know '
    'before. Source: S3, real-time updates. Errors: none.';
