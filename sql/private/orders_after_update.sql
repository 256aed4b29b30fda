CREATE OR REPLACE FUNCTION shop.orders_after_update() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_moved     uuid[];
    v_returned  uuid[];
BEGIN
    WITH log AS (
        INSERT INTO change_log
               (order_id, version, status, old_status, final, deleted, buyer,
                seller, driver, actor, order_number, updated_at, created_at,
                status_since, payment_method, payment_status,
                old_payment_status)
        SELECT n.id, n.version, n.status_id, o.status_id, n.final, false,
               n.buyer_id, n.seller_id, n.driver_id, actor_id(),
               n.order_number, n.updated_at,
               CASE WHEN v.moved OR v.paid THEN n.created_at END,
               CASE WHEN v.moved THEN o.status_updated_at END,
               CASE WHEN v.paid THEN n.payment_method END,
               CASE WHEN v.paid THEN n.payment_status END,
               CASE WHEN v.paid THEN o.payment_status END
          FROM new_rows n
          JOIN old_rows o USING (id),
               LATERAL (VALUES (n.status_id <> o.status_id,
                                n.payment_status <> o.payment_status))
                   AS v (moved, paid)
    ), tally AS (
        INSERT INTO order_tallies
               (owner, side, status, currency, orders, amount)
        SELECT v.owner, v.side, v.status, v.currency, v.orders, v.amount
          FROM new_rows n
          JOIN old_rows o USING (id),
               LATERAL (VALUES
                   (o.buyer_id, 'buyer', o.status, o.currency,
                    -1, - o.final_total),
                   (o.seller_id, 'seller', o.status, o.currency,
                    -1, - o.final_total),
                   (n.buyer_id, 'buyer', n.status, n.currency,
                    1, n.final_total),
                   (n.seller_id, 'seller', n.status, n.currency,
                    1, n.final_total)
               ) AS v (owner, side, status, currency, orders, amount)
         WHERE (o.status, o.currency, o.final_total, o.seller_id)
               <> (n.status, n.currency, n.final_total, n.seller_id)
    ), told AS (
        INSERT INTO outbox_changes (order_id, store_id, old_status)
        SELECT n.id, n.store_id, o.status
          FROM new_rows n
          JOIN old_rows o USING (id),
               outbox_asked(n.store_id, CASE WHEN n.status = o.status
                                        THEN 'order.updated'
                                        ELSE 'order.status_changed' END)
        ON CONFLICT (order_id) DO NOTHING
    )
    SELECT array_agg(id) FILTER (WHERE n.status_id <> o.status_id),
           array_agg(id) FILTER (WHERE o.stock_taken AND NOT n.stock_taken)
      INTO v_moved, v_returned
      FROM new_rows n
      JOIN old_rows o USING (id);

    IF v_moved IS NOT NULL THEN
        WITH moved AS (
            SELECT n.*, o.status AS old_status,
                   n.status_updated_at - o.status_updated_at AS in_previous
              FROM new_rows n
              JOIN old_rows o USING (id)
             WHERE n.status_id <> o.status_id
        ), history AS (
            INSERT INTO order_status_history
                   (order_id, previous_status, new_status, changed_by,
                    change_reason, notes, metadata, source, in_previous,
                    created_at)
            SELECT id, old_status, status, actor_id(),
                   nullif(current_setting('shop.reason', true), ''),
                   nullif(current_setting('shop.notes', true), ''),
                   nullif(current_setting('shop.metadata', true), '')::jsonb,
                   actor_source(), in_previous, updated_at
              FROM moved
        ), event AS (
            INSERT INTO order_tracking_events
                   (order_id, event_type, event_data, event_source,
                    location, occurred_at, recorded_at)
            SELECT id, 'status_change',
                   jsonb_build_object('status', status,
                                      'oldStatus', old_status),
                   actor_source(),
                   nullif(current_setting('shop.metadata', true), '')::jsonb
                       ->> 'location',
                   updated_at, updated_at
              FROM moved
        )
        INSERT INTO notifications
               (user_id, order_id, type, title, message, data)
        SELECT v.user_id, m.id, w.type, w.title,
               w.before || m.order_number || w.after,
               jsonb_build_object('orderId', m.id,
                                  'orderNumber', m.order_number,
                                  'status', m.status,
                                  'oldStatus', m.old_status)
          FROM moved m
          JOIN workflow_statuses s ON s.id = m.status_id
          JOIN stores st ON st.id = m.store_id,
               LATERAL (
                   SELECT m.buyer_id, 'buyer'
                    UNION ALL
                   SELECT m.seller_id, 'staff'
                    UNION ALL
                   SELECT u.id, 'staff'
                     FROM users u
                    WHERE st.notify_admins AND u.role = 'admin'
               ) AS v (user_id, side),
               notification_words('update', v.side, s) w;

        PERFORM follow_deliveries(v_moved);
        PERFORM set_timers(v_moved);
    END IF;

    IF v_returned IS NOT NULL THEN
        PERFORM return_stock(v_returned);
    END IF;

    IF EXISTS (SELECT FROM new_rows) THEN
        PERFORM ring();
    END IF;

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.orders_after_update() IS
    'Writes the change log and the tallies of changed orders, and whether '
    'mails or webhooks follow; of those whose status changed also history, '
    'tracking event and notifications (S3, S4), and follows with delivery '
    'tasks (S0), timers and stock.';

CREATE OR REPLACE TRIGGER after_update
    AFTER UPDATE ON shop.orders
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.orders_after_update();
