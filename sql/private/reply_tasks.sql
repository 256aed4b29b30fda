CREATE OR REPLACE FUNCTION shop.reply_tasks(
    p_tasks shop.deliveries[], p_limit int4)
RETURNS api.answer
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_task    deliveries;
    v_bodies  json[] := '{}';
BEGIN
    FOREACH v_task IN ARRAY p_tasks[:p_limit] LOOP
        v_bodies := v_bodies || task_json(v_task);
    END LOOP;

    RETURN reply(200, array_to_json(v_bodies)::text,
                 CASE WHEN cardinality(p_tasks) > p_limit
                      THEN (p_tasks[p_limit]).id END::text);
END
$$;

COMMENT ON FUNCTION shop.reply_tasks(shop.deliveries[], int4) IS
    'A page of delivery tasks, of which there is one more where there is a '
    'next page.';
