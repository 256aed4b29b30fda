CREATE OR REPLACE FUNCTION dispatch.next_due(p_kinds text[])
RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
BEGIN
    RETURN least((SELECT min(due_at) FROM outbox_lanes(p_kinds)
                   WHERE free > 0),
                 (SELECT min(due_at) FROM outbox
                   WHERE leased AND kind = ANY (p_kinds)));
END
$$;

COMMENT ON FUNCTION dispatch.next_due(text[]) IS
    'When there will be something to take, as far as is known now; NULL: '
    'nothing waits. Source: S4, event notifications. Errors: none.';
