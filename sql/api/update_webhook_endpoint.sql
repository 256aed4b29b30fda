CREATE OR REPLACE FUNCTION api.update_webhook_endpoint(
    p_user uuid, p_role text, p_id uuid, p_url text, p_events jsonb,
    p_active boolean, p_description text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_endpoint  webhook_endpoints;
BEGIN
    PERFORM own_endpoint(p_user, p_role, p_id);

    IF p_url IS NOT NULL THEN
        PERFORM check_webhook_url(p_url);
    END IF;

    IF NOT p_active THEN
        PERFORM disable_endpoint(p_id, 'caller');
    END IF;

    -- another URL, or a new beginning, has not failed yet

    UPDATE webhook_endpoints e
       SET url = coalesce(p_url, e.url),
           events = CASE WHEN p_events IS NULL THEN e.events
                         ELSE webhook_events_of(p_events) END,
           active = coalesce(p_active, e.active),
           disabled = CASE WHEN p_active THEN NULL ELSE e.disabled END,
           description = coalesce(p_description, e.description),
           failures = CASE WHEN f.fresh THEN 0 ELSE e.failures END,
           failing_since = CASE WHEN NOT f.fresh THEN e.failing_since END,
           rest_until = CASE WHEN NOT f.fresh THEN e.rest_until END,
           updated_at = now()
      FROM (SELECT id, coalesce(p_url <> url, false)
                       OR coalesce(p_active, false) AND NOT active AS fresh
              FROM webhook_endpoints) f
     WHERE e.id = p_id AND f.id = p_id AND NOT e.deleted
    RETURNING e.* INTO v_endpoint;

    RETURN NEXT reply(200, json_build_object('endpoint',
                               endpoint_json(v_endpoint))::text);
END
$$;

COMMENT ON FUNCTION api.update_webhook_endpoint(
    uuid, text, uuid, text, jsonb, boolean, text) IS
    'Changes what is given of a webhook endpoint. One that is switched off '
    'gets nothing of what waits for it, either. Source: S4, event '
    'notifications. Errors: OM001 no such endpoint, OM002 somebody else''s, '
    'OM004 URL.';
