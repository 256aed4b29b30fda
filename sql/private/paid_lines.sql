-- S4 calls a product a listing: so the refusals of order_lines() are told in
-- the names of the request.

CREATE OR REPLACE FUNCTION shop.paid_lines(p_data jsonb)
RETURNS shop.order_line[]
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_items    jsonb;
    v_code     text;
    v_message  text;
    v_detail   text;
BEGIN
    IF (p_data ->> 'listingId' IS NULL) = (p_data ->> 'items' IS NULL) THEN
        PERFORM refuse_field('checkoutData.listingId',
                             'either this or items must be given');
    END IF;

    IF p_data ->> 'listingId' IS NOT NULL THEN
        v_items := jsonb_build_object(
            'product_id', p_data -> 'listingId',
            'quantity', coalesce((p_data ->> 'quantity')::int4, 1));
    ELSE
        v_items := (SELECT jsonb_agg(i || jsonb_build_object(
                                         'product_id', i -> 'listingId')
                                     ORDER BY n)
                      FROM jsonb_array_elements(p_data -> 'items')
                               WITH ORDINALITY AS x (i, n));
    END IF;

    RETURN order_lines(NULL, v_items);

EXCEPTION
    WHEN SQLSTATE 'OM007' OR SQLSTATE 'OM008' THEN
        GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE,
                                v_message = MESSAGE_TEXT,
                                v_detail = PG_EXCEPTION_DETAIL;

        RAISE EXCEPTION USING
            ERRCODE = v_code,
            MESSAGE = v_message,
            DETAIL = regexp_replace(
                replace(v_detail, '"field" : "', '"field" : "checkoutData.'),
                '("field" : "[^"]*)product_id"', '\1listingId"', 'g');
END
$$;

COMMENT ON FUNCTION shop.paid_lines(jsonb) IS
    'The lines of a checkoutData (S4), which names a listing or has items; '
    'raises OM004, OM006 to OM008.';
