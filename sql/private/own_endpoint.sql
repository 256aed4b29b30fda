CREATE OR REPLACE FUNCTION shop.own_endpoint(
    p_user uuid, p_role text, p_id uuid)
RETURNS shop.webhook_endpoints
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_endpoint  webhook_endpoints;
BEGIN
    SELECT * INTO v_endpoint
      FROM webhook_endpoints
     WHERE id = p_id AND NOT deleted;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001',
            MESSAGE = 'There is no such webhook endpoint.';
    END IF;

    IF p_role <> 'admin'
       AND NOT EXISTS (SELECT FROM stores
                        WHERE id = v_endpoint.store_id
                          AND manager_id = p_user)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'This is somebody else''s webhook endpoint.';
    END IF;

    RETURN v_endpoint;
END
$$;

COMMENT ON FUNCTION shop.own_endpoint(uuid, text, uuid) IS
    'A webhook endpoint of the caller, or any for an admin; raises OM001, '
    'OM002.';
