-- Lanes take turns, so one with much to send does not hold up the others.

CREATE OR REPLACE FUNCTION dispatch.take(
    p_kinds text[], p_limit int4, p_lease interval)
RETURNS TABLE (id uuid, kind text, attempt int4, created_at timestamptz,
               event text, mail_to text, mail_to_name text, mail_from text,
               subject text, body text, url text, secrets text[],
               payload text, content_type text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_ids  uuid[];
BEGIN
    PERFORM outbox_lost(p_kinds);

    WITH picked AS (
        SELECT o.id, o.due_at,
               l.busy + row_number() OVER (PARTITION BY l.lane
                                           ORDER BY o.due_at) AS turn
          FROM outbox_lanes(p_kinds) l,
               LATERAL (SELECT w.id, w.due_at FROM outbox w
                         WHERE w.state = 'waiting' AND NOT w.leased
                           AND w.lane = l.lane AND w.due_at <= now()
                         ORDER BY w.due_at
                         LIMIT greatest(least(l.free, p_limit), 0)
                           FOR UPDATE SKIP LOCKED) o
         WHERE l.free > 0 AND l.due_at <= now()
    )
    SELECT array_agg(p.id)
      INTO v_ids
      FROM (SELECT id FROM picked ORDER BY turn, due_at LIMIT p_limit) p;

    RETURN QUERY
    WITH taken AS (
        UPDATE outbox o
           SET leased = true, attempt = o.attempt + 1,
               due_at = now() + p_lease
         WHERE o.id = ANY (v_ids)
     RETURNING o.*
    )
    SELECT t.id, t.kind, t.attempt, t.created_at, t.event,
           t.mail_to, t.mail_to_name,
           CASE WHEN t.kind <> 'mail' THEN NULL
                WHEN s.mail_from_name = '' THEN s.mail_from
                ELSE s.mail_from_name || ' <' || s.mail_from || '>' END,
           t.subject, CASE t.kind WHEN 'mail' THEN t.body END,
           e.url,
           CASE WHEN t.kind = 'webhook' THEN
               CASE WHEN e.old_until > now()
                    THEN ARRAY[e.secret, e.old_secret]
                    ELSE ARRAY[e.secret] END END,
           CASE t.kind WHEN 'webhook' THEN t.body END,
           CASE t.kind WHEN 'webhook' THEN 'application/json' END
      FROM taken t
      LEFT JOIN webhook_endpoints e ON e.id = t.endpoint_id,
           outbox_settings s
     ORDER BY t.created_at, t.id;
END
$$;

COMMENT ON FUNCTION dispatch.take(text[], int4, interval) IS
    'What is due now of "mail" and "webhook", at most so much, leased for so '
    'long: who does not tell of done() or failed() until then has lost it. '
    'mail_from is an address, or "Name <address>". Of an endpoint at most 16 '
    'attempts run at a time, and one while it fails. Source: S4, event '
    'notifications; Standard Webhooks. Errors: none.';
