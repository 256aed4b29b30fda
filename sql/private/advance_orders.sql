CREATE OR REPLACE FUNCTION shop.advance_orders(p_orders uuid[]) RETURNS int4
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_done  int4;
BEGIN
    PERFORM act(NULL, 'system'), note('automatic', NULL);

    UPDATE orders o
       SET status = t.to_status
      FROM workflow_transitions t
     WHERE o.id = ANY (p_orders)
       AND t.workflow = o.workflow
       AND t.from_status = o.status
       AND t.after IS NOT NULL;

    GET DIAGNOSTICS v_done = ROW_COUNT;

    -- timers of rules that are no more

    DELETE FROM order_timers
     WHERE order_id = ANY (p_orders) AND kind = 'advance'
       AND due_at <= now();

    RETURN v_done;
END
$$;

COMMENT ON FUNCTION shop.advance_orders(uuid[]) IS
    'Takes the transition that is taken by itself, for locked orders whose '
    'time has come.';
