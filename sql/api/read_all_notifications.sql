-- One row says up to where all is read, however many they are.  It stays some
-- seconds behind: a transaction that is still running may have made an older
-- one than the newest that is seen here.  The few of those seconds are marked
-- one by one.

CREATE OR REPLACE FUNCTION api.read_all_notifications(
    p_user uuid, p_role text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
    v_young  uuid := (lpad(to_hex(floor(extract(epoch FROM clock_timestamp()
                          - interval '5 s') * 1000)::int8), 12, '0')
                      || repeat('0', 20))::uuid;
BEGIN
    UPDATE notifications
       SET read_at = now()
     WHERE user_id = p_user AND id >= v_young AND read_at IS NULL;

    INSERT INTO notification_marks AS m (user_id, read_until, read_at)
    SELECT p_user, n.id, now()
      FROM (SELECT id FROM notifications
             WHERE user_id = p_user AND id < v_young
             ORDER BY id DESC
             LIMIT 1) n
    ON CONFLICT (user_id) DO UPDATE
       SET read_until = excluded.read_until, read_at = excluded.read_at
     WHERE m.read_until < excluded.read_until;

    RETURN NEXT reply(200, '{"success":true}');
END
$$;

COMMENT ON FUNCTION api.read_all_notifications(uuid, text) IS
    'Marks all that the caller was notified of as read. Source: S3, '
    'Notification History. Errors: none.';
