-- Who acts is known to the triggers by two settings that last for the
-- transaction.  A writer who sets none is the system.

CREATE OR REPLACE FUNCTION shop.act(p_user uuid, p_role text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM set_config('shop.actor_id', coalesce(p_user::text, ''), true),
            set_config('shop.actor_role', p_role, true);
END
$$;

COMMENT ON FUNCTION shop.act(uuid, text) IS
    'From here on this transaction acts for this user.';
