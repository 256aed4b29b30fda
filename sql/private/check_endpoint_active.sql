CREATE OR REPLACE FUNCTION shop.check_endpoint_active(
    p_endpoint shop.webhook_endpoints)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF NOT p_endpoint.active THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM019',
            MESSAGE = 'This webhook endpoint is not active.',
            DETAIL = json_build_object('disabled_reason',
                                       p_endpoint.disabled);
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_endpoint_active(shop.webhook_endpoints) IS
    'Raises OM019 for an endpoint to which nothing is sent.';
