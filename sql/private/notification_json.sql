-- Read is what its read_at says, or what is not newer than its user's mark.

CREATE OR REPLACE FUNCTION shop.notification_json(
    p_notification shop.notifications, p_mark shop.notification_marks)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_read_at  timestamptz;
BEGIN
    v_read_at := coalesce(p_notification.read_at,
                          CASE WHEN p_notification.id <= p_mark.read_until
                               THEN p_mark.read_at END);

    RETURN (SELECT row_to_json(j) FROM (
        SELECT p_notification.id, p_notification.type, p_notification.title,
               p_notification.message, p_notification.priority,
               p_notification.order_id AS "orderId",
               coalesce(p_notification.data, '{}') AS data,
               v_read_at IS NOT NULL AS read,
               iso(v_read_at) AS "readAt",
               iso(p_notification.created_at) AS "createdAt") j);
END
$$;

COMMENT ON FUNCTION shop.notification_json(shop.notifications,
                                           shop.notification_marks) IS
    'A notification as JSON (S3); p_mark is its user''s.';
