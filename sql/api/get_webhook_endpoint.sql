CREATE OR REPLACE FUNCTION api.get_webhook_endpoint(
    p_user uuid, p_role text, p_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN NEXT reply(200, json_build_object('endpoint',
        endpoint_json(own_endpoint(p_user, p_role, p_id)))::text);
END
$$;

COMMENT ON FUNCTION api.get_webhook_endpoint(uuid, text, uuid) IS
    'One webhook endpoint. Source: S4, event notifications. Errors: OM001 no '
    'such endpoint, OM002 somebody else''s.';
