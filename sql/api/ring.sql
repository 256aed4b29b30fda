CREATE OR REPLACE FUNCTION api.ring() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM pg_notify('order_changes', '');
END
$$;

COMMENT ON FUNCTION api.ring() IS
    'Rings the doorbell of the change feeds: to be called after a commit, '
    'in a transaction of its own. Source: S3, real-time updates. '
    'Errors: none.';
