CREATE OR REPLACE FUNCTION api.delete_webhook_endpoint(
    p_user uuid, p_role text, p_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM own_endpoint(p_user, p_role, p_id);
    PERFORM disable_endpoint(p_id, 'caller');

    UPDATE webhook_endpoints
       SET deleted = true, secret = '', old_secret = NULL
     WHERE id = p_id;

    RETURN NEXT reply(204, NULL);
END
$$;

COMMENT ON FUNCTION api.delete_webhook_endpoint(uuid, text, uuid) IS
    'Deletes a webhook endpoint; what was sent to it goes with it, a piece '
    'at a time, with dispatch.maintain(). Source: S4, event notifications. '
    'Errors: OM001 no such endpoint, OM002 somebody else''s.';
