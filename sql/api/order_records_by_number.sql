CREATE OR REPLACE FUNCTION api.order_records_by_number(p_numbers text[])
RETURNS TABLE (order_id uuid, epoch int4, version int4, status int2,
               final bool, deleted bool, buyer uuid, seller uuid,
               driver uuid, order_number text, updated_at timestamptz,
               revision int4)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_epoch     int4 := epoch();
    v_revision  int4 := (SELECT revision FROM revision WHERE one);
BEGIN
    RETURN QUERY
    SELECT o.id, v_epoch, o.version, o.status_id, o.final, false,
           o.buyer_id, o.seller_id, o.driver_id, o.order_number::text,
           o.updated_at, v_revision
      FROM orders o
     WHERE o.order_number = ANY (p_numbers);
END
$$;

COMMENT ON FUNCTION api.order_records_by_number(text[]) IS
    'The records of the orders with these numbers, one row for each that '
    'there is. Source: S2, GET /api/order-status/:order_id. Errors: none.';
