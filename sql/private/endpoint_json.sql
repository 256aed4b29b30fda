CREATE OR REPLACE FUNCTION shop.endpoint_json(
    p_endpoint shop.webhook_endpoints)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j) FROM (
        SELECT p_endpoint.id, p_endpoint.store_id, p_endpoint.url,
               p_endpoint.events, p_endpoint.description, p_endpoint.active,
               p_endpoint.disabled AS disabled_reason,
               p_endpoint.failures,
               iso(p_endpoint.failing_since) AS failing_since,
               iso(p_endpoint.created_at) AS created_at,
               iso(p_endpoint.updated_at) AS updated_at) j);
END
$$;

COMMENT ON FUNCTION shop.endpoint_json(shop.webhook_endpoints) IS
    'A webhook endpoint as JSON, without its secret.';
