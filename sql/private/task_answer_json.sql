CREATE OR REPLACE FUNCTION shop.task_answer_json(
    p_message text, p_task uuid)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(b)::text
              FROM (SELECT p_message AS message, d.id, d.order_id,
                           d.delivery_status, o.status AS order_status
                      FROM deliveries d
                      JOIN orders o ON o.id = d.order_id
                     WHERE d.id = p_task) b);
END
$$;

COMMENT ON FUNCTION shop.task_answer_json(text, uuid) IS
    'The body of an answer to a driver: what happened, and to which task '
    '(S0).';
