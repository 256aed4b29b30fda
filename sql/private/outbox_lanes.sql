-- A lane that fails gets one attempt at a time, and rests between them: so an
-- endpoint that lets every attempt wait for its time-out does not take the
-- dispatcher's attempts from all the others.  The lanes are found by steps
-- through the index, not by reading what waits.

CREATE OR REPLACE FUNCTION shop.outbox_lanes(p_kinds text[])
RETURNS TABLE (lane uuid, busy int8, free int8, due_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    c_mail  CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    RETURN QUERY
    WITH RECURSIVE lanes AS (
        (SELECT o.lane FROM outbox o
          WHERE o.state = 'waiting' AND NOT o.leased
          ORDER BY o.lane
          LIMIT 1)
        UNION ALL
        SELECT n.lane
          FROM lanes l,
               LATERAL (SELECT o.lane FROM outbox o
                         WHERE o.state = 'waiting' AND NOT o.leased
                           AND o.lane > l.lane
                         ORDER BY o.lane
                         LIMIT 1) n
    )
    SELECT l.lane, b.busy,
           CASE WHEN l.lane = c_mail THEN 1000
                WHEN e.failures > 0 THEN 1 ELSE 16 END - b.busy,
           greatest(d.due_at, e.rest_until)
      FROM lanes l
      LEFT JOIN webhook_endpoints e ON e.id = l.lane,
           LATERAL (SELECT count(*) AS busy FROM outbox o
                     WHERE o.leased AND o.lane = l.lane
                       AND o.due_at > now()) b,
           LATERAL (SELECT o.due_at FROM outbox o
                     WHERE o.state = 'waiting' AND NOT o.leased
                       AND o.lane = l.lane
                     ORDER BY o.due_at
                     LIMIT 1) d
     WHERE CASE WHEN l.lane = c_mail
           THEN 'mail' = ANY (p_kinds)
                AND (SELECT s.mail FROM outbox_settings s)
           ELSE 'webhook' = ANY (p_kinds) AND e.active END;
END
$$;

COMMENT ON FUNCTION shop.outbox_lanes(text[]) IS
    'The lanes in which something waits: how many of their attempts run, how '
    'many more may, and when the next is due.';
