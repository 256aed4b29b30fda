-- The subject is what the notification says.  A user who has no address that
-- a mail can go to gets none: the row tells.

CREATE OR REPLACE FUNCTION shop.queue_mails(
    p_event text, p_order shop.orders)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    INSERT INTO outbox (kind, event, order_id, mail_to, mail_to_name, subject,
                        body, state, finished_at)
    SELECT 'mail', w.type, p_order.id, u.email,
           plain(user_name(u.first_name, u.last_name)), m.message,
           mail_body(v.event, v.side, p_order, m.message),
           CASE WHEN is_mail_address(u.email) THEN 'waiting'
                ELSE 'skipped' END,
           CASE WHEN NOT is_mail_address(u.email) THEN now() END
      FROM outbox_settings s
      JOIN workflow_statuses t ON t.id = p_order.status_id,
           LATERAL (VALUES
               ('create', 'buyer', p_order.buyer_id,
                p_event = 'order.created'),
               ('create', 'staff', p_order.seller_id,
                p_event = 'order.created' AND s.mail_sellers),
               ('update', 'buyer', p_order.buyer_id,
                p_event = 'order.status_changed'
                AND (s.mail_statuses IS NULL
                     OR p_order.status = ANY (s.mail_statuses)))
           ) AS v (event, side, user_id, due)
      JOIN users u ON u.id = v.user_id,
           notification_words(v.event, v.side, t) w,
           LATERAL (SELECT plain(w.before || p_order.order_number || w.after)
                               AS message) m
     WHERE s.mail AND v.due;

    IF FOUND THEN
        PERFORM ring_dispatch();
    END IF;
END
$$;

COMMENT ON FUNCTION shop.queue_mails(text, shop.orders) IS
    'Writes the mails of an event of an order into the outbox: to its buyer, '
    'and of a new order to its seller, as the settings say (S4).';
