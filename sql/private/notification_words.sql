-- The one place that knows what users are told.  Inlined where it stands in
-- FROM: the triggers of orders ask it for every order.

CREATE OR REPLACE FUNCTION shop.notification_words(
    p_event text, p_side text, p_status shop.workflow_statuses)
RETURNS TABLE (type text, title text, before text, after text)
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT w.type, w.title, w.before, w.after
      FROM (VALUES
               ('create', 'buyer', 'order_created', 'Order Confirmed',
                'Your order ', ' has been confirmed'),
               ('create', 'staff', 'new_order', 'New Order Received',
                'You have a new order ', ''),
               ('update', 'buyer', 'order_update', 'Order Status Updated',
                'Order ', ': ' || p_status.emoji || ' ' || p_status.message),
               ('update', 'staff', 'order_update', 'Order Status Updated',
                'Order ', ' is now ' || p_status.label),
               ('stuck', 'staff', 'order_stuck', 'Order Stuck',
                'Order ', ' is ' || p_status.label || ' since ')
           ) AS w (event, side, type, title, before, after)
     WHERE w.event = p_event AND w.side = p_side;
END;

COMMENT ON FUNCTION shop.notification_words(text, text,
                                            shop.workflow_statuses) IS
    'One row: how a notification begins, the message in two parts with the '
    'order number between them. The event is "create", where the status does '
    'not count, "update" to that status, or "stuck" in it, where the time '
    'follows; the side is "buyer", or "staff": the seller, and admins, who '
    'are not told of stuck orders (S3, S4).';
