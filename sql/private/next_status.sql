CREATE OR REPLACE FUNCTION shop.next_status(
    p_order shop.orders, p_phase text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT s.code
              FROM workflow_statuses s
              LEFT JOIN workflow_transitions t
                ON t.workflow = s.workflow AND t.to_status = s.code
               AND t.from_status = p_order.status
             WHERE s.workflow = p_order.workflow AND s.phase = p_phase
             ORDER BY t.to_status IS NULL, s.id
             LIMIT 1);
END
$$;

COMMENT ON FUNCTION shop.next_status(shop.orders, text) IS
    'The status that means p_phase in an order''s workflow: if there are '
    'several, the first that a transition leads to from here. NULL: none.';
