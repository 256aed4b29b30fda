CREATE OR REPLACE FUNCTION api.ring() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM pg_notify('order_changes', '');

    IF EXISTS (SELECT FROM webhook_endpoints WHERE active)
       OR (SELECT mail FROM outbox_settings)
    THEN
        PERFORM pg_notify('dispatch', '');
    END IF;
END
$$;

COMMENT ON FUNCTION api.ring() IS
    'Rings the doorbell of the change feeds, and of the dispatchers if there '
    'may be something to send: to be called after a commit, in a transaction '
    'of its own. Source: S3, real-time updates. '
    'Errors: none.';
