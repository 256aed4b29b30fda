CREATE OR REPLACE FUNCTION shop.check_checkout(
    p_data jsonb, p_lines shop.order_line[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_errors  json;
BEGIN
    SELECT json_agg(json_build_object('field', 'checkoutData.' || v.field,
                                      'message', v.message))
      INTO v_errors
      FROM stores st,
           LATERAL (SELECT sum(price * quantity) AS total
                      FROM unnest(p_lines)) l,
           LATERAL (VALUES
               ('sellerId', st.manager_id = (p_data ->> 'sellerId')::uuid,
                'must be the seller of the listing'),
               ('totalAmount', l.total = (p_data ->> 'totalAmount')::numeric,
                'must be ' || amount(l.total)),
               ('currency', st.currency = p_data ->> 'currency',
                'must be ' || st.currency)
           ) AS v (field, good, message)
     WHERE st.id = p_lines[1].store_id
       AND v.good IS NOT TRUE;

    IF v_errors IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = 'Some fields are not valid.',
            DETAIL = json_build_object('errors', v_errors);
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_checkout(jsonb, shop.order_line[]) IS
    'Raises OM004 where seller, total or currency of a checkoutData (S4) are '
    'not ours.';
