CREATE OR REPLACE FUNCTION shop.progress_json(p_workflow text) RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT json_object_agg(s.code, row_to_json(j) ORDER BY s.id)
              FROM workflow_statuses s,
                   LATERAL (SELECT s.label, s.emoji, s.step) j
             WHERE s.workflow = p_workflow);
END
$$;

COMMENT ON FUNCTION shop.progress_json(text) IS
    'The statuses of a workflow by code, as a progress bar needs them (S2).';
