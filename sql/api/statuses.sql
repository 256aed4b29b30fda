CREATE OR REPLACE FUNCTION api.statuses()
RETURNS TABLE (status int2, workflow text, code text, label text, emoji text,
               message text, step int2, total int2, final bool,
               poll_after int4, revision int4, epoch int4,
               opens_delivery bool,
               update_buyer_type text, update_buyer_title text,
               update_buyer_before text, update_buyer_after text,
               update_staff_type text, update_staff_title text,
               update_staff_before text, update_staff_after text,
               create_buyer_type text, create_buyer_title text,
               create_buyer_before text, create_buyer_after text,
               create_staff_type text, create_staff_title text,
               create_staff_before text, create_staff_after text,
               stuck_staff_type text, stuck_staff_title text,
               stuck_staff_before text, stuck_staff_after text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.id, s.workflow, s.code, s.label, s.emoji, s.message, s.step,
           w.progress_total, s.final, s.poll_after, r.revision, epoch(),
           s.opens_delivery,
           ub.type, ub.title, ub.before, ub.after,
           us.type, us.title, us.before, us.after,
           cb.type, cb.title, cb.before, cb.after,
           cs.type, cs.title, cs.before, cs.after,
           ss.type, ss.title, ss.before, ss.after
      FROM workflow_statuses s
      JOIN workflows w ON w.name = s.workflow,
           revision r,
           notification_words('update', 'buyer', s) ub,
           notification_words('update', 'staff', s) us,
           notification_words('create', 'buyer', s) cb,
           notification_words('create', 'staff', s) cs,
           notification_words('stuck', 'staff', s) ss
     ORDER BY s.id;
END
$$;

COMMENT ON FUNCTION api.statuses() IS
    'All statuses of all workflows, each with the words of the notifications '
    'of an order that comes to it, or is stuck in it, as '
    'notification_words() has them. Source: S2, Data Structures; S3, '
    'real-time updates. Errors: none.';
