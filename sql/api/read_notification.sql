CREATE OR REPLACE FUNCTION api.read_notification(
    p_user uuid, p_role text, p_id uuid, p_read boolean)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_notification  notifications;
    v_mark          notification_marks;
BEGIN
    IF NOT p_read THEN
        PERFORM refuse_field('read', 'must be true');
    END IF;

    SELECT * INTO v_notification FROM notifications WHERE id = p_id
       FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such notification.';
    END IF;

    IF v_notification.user_id IS DISTINCT FROM p_user THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'This is somebody else''s notification.';
    END IF;

    SELECT * INTO v_mark FROM notification_marks WHERE user_id = p_user;

    IF v_notification.read_at IS NULL
       AND (v_notification.id <= v_mark.read_until) IS NOT TRUE
    THEN
        UPDATE notifications SET read_at = now() WHERE id = p_id
        RETURNING * INTO v_notification;
    END IF;

    RETURN NEXT reply(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT notification_json(v_notification, v_mark)
                           AS notification) b));
END
$$;

COMMENT ON FUNCTION api.read_notification(uuid, text, uuid, boolean) IS
    'Marks a notification of the caller as read; it stays read since the '
    'first time. Source: S3, Notification History. Errors: OM001 no such '
    'notification, OM002 somebody else''s, also for an admin, OM004 read is '
    'false.';
