CREATE OR REPLACE FUNCTION api.statuses()
RETURNS TABLE (status int2, workflow text, code text, label text, emoji text,
               message text, step int2, total int2, final bool,
               poll_after int4, revision int4, epoch int4)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.id, s.workflow, s.code, s.label, s.emoji, s.message, s.step,
           w.progress_total, s.final, s.poll_after, r.revision, epoch()
      FROM workflow_statuses s
      JOIN workflows w ON w.name = s.workflow,
           revision r
     ORDER BY s.id;
END
$$;

COMMENT ON FUNCTION api.statuses() IS
    'All statuses of all workflows. Source: S2, Data Structures. '
    'Errors: none.';
