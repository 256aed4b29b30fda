CREATE OR REPLACE FUNCTION shop.event_step(
    p_order shop.orders, p_targets text[], p_through text[] DEFAULT '{}',
    p_may_wait boolean DEFAULT true)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_step  text;
BEGIN
    IF p_order.status = ANY (p_targets) THEN
        RETURN NULL;
    END IF;

    v_step := next_step(p_order.workflow, p_order.status, p_targets,
                        p_through);

    IF v_step IS NULL AND p_may_wait
       AND next_step(p_order.workflow, p_order.status, p_targets, NULL)
           IS NOT NULL
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM017',
            MESSAGE = format('The order is %s: it is too early for this.',
                             p_order.status),
            DETAIL = json_build_object('current_status', p_order.status);
    END IF;

    RETURN v_step;
END
$$;

COMMENT ON FUNCTION shop.event_step(shop.orders, text[], text[], boolean) IS
    'The status that an event moves an order to, on its way to one of the '
    'targets; NULL: it is there, or beyond. Raises OM017 where somebody else '
    'has to move it first (p_may_wait).';
