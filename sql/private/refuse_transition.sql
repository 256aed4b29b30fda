CREATE OR REPLACE FUNCTION shop.refuse_transition(
    p_workflow text, p_from text, p_to text, p_role text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'OM003',
        MESSAGE = format('An order that is %s cannot become %s.',
                         p_from, p_to),
        DETAIL = (SELECT row_to_json(d) FROM (
            SELECT p_from AS current_status,
                   coalesce(json_agg(s.code ORDER BY s.id), '[]')
                       AS allowed_transitions
              FROM workflow_transitions t
              JOIN workflow_statuses s
                ON s.workflow = t.workflow AND s.code = t.to_status
             WHERE t.workflow = p_workflow
               AND t.from_status = p_from
               AND may(p_role, t.roles)) d);
END
$$;

COMMENT ON FUNCTION shop.refuse_transition(text, text, text, text) IS
    'Raises OM003, which names the transitions that this role may take.';
