CREATE OR REPLACE FUNCTION api.read_all_notifications(
    p_user uuid, p_role text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    INSERT INTO notification_marks AS m (user_id, read_until, read_at)
    SELECT p_user, n.id, now()
      FROM (SELECT id FROM notifications
             WHERE user_id = p_user
             ORDER BY id DESC
             LIMIT 1) n
    ON CONFLICT (user_id) DO UPDATE
       SET read_until = excluded.read_until, read_at = excluded.read_at
     WHERE m.read_until < excluded.read_until;

    RETURN NEXT reply(200, '{"success":true}');
END
$$;

COMMENT ON FUNCTION api.read_all_notifications(uuid, text) IS
    'Marks all that the caller was notified of as read: one row says up to '
    'where, however many they are. Source: S3, Notification History. '
    'Errors: none.';
