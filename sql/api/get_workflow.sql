CREATE OR REPLACE FUNCTION api.get_workflow(
    p_user uuid, p_role text, p_name text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (reply(200, row_to_json(b)::text)).*
      FROM (SELECT row_to_json(f) AS workflow
              FROM (SELECT w.name, w.description, w.progress_total,
                           (SELECT r.revision FROM revision r) AS revision,
                           (SELECT json_agg(row_to_json(s))
                              FROM (SELECT code, label, emoji, message,
                                           step, initial, final, poll_after
                                      FROM workflow_statuses
                                     WHERE workflow = w.name
                                     ORDER BY id) s) AS statuses,
                           (SELECT json_agg(row_to_json(t))
                              FROM (SELECT from_status AS from,
                                           to_status AS to, roles
                                      FROM workflow_transitions
                                     WHERE workflow = w.name
                                     ORDER BY from_status, to_status) t)
                               AS transitions
                      FROM workflows w
                     WHERE w.name = p_name) f) b;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such workflow.';
    END IF;
END
$$;

COMMENT ON FUNCTION api.get_workflow(uuid, text, text) IS
    'A status flow: its statuses with their labels, its transitions with '
    'the roles that may besides admin and system. Source: S2, '
    'GET /api/workflows/:name. Errors: OM001 no such workflow.';
