-- One statement for all of it: this runs for every order that is placed.

CREATE OR REPLACE FUNCTION shop.orders_after_insert() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    WITH history AS (
        INSERT INTO order_status_history
               (order_id, new_status, changed_by, source, metadata,
                created_at)
        SELECT id, status, actor_id(), actor_source(),
               nullif(current_setting('shop.metadata', true), '')::jsonb,
               updated_at
          FROM new_rows
    ), event AS (
        INSERT INTO order_tracking_events
               (order_id, event_type, event_data, event_source, occurred_at,
                recorded_at)
        SELECT id, 'status_change', jsonb_build_object('status', status),
               actor_source(), updated_at, updated_at
          FROM new_rows
    ), tally AS (
        INSERT INTO order_tallies
               (owner, side, status, currency, orders, amount)
        SELECT v.owner, v.side, n.status, n.currency, 1, n.final_total
          FROM new_rows n,
               LATERAL (VALUES (n.buyer_id, 'buyer'), (n.seller_id, 'seller'))
                   AS v (owner, side)
    ), timer AS (
        INSERT INTO order_timers (order_id, kind, due_at)
        SELECT n.id, v.kind, n.status_updated_at + v.after
          FROM new_rows n
          JOIN workflow_statuses s ON s.id = n.status_id
          LEFT JOIN workflow_transitions t
            ON t.workflow = n.workflow AND t.from_status = n.status
           AND t.after IS NOT NULL,
               LATERAL (VALUES ('advance', t.after), ('stuck', s.stuck_after))
                   AS v (kind, after)
         WHERE v.after IS NOT NULL
    ), notification AS (
        INSERT INTO notifications
               (user_id, order_id, type, title, message, data)
        SELECT v.user_id, n.id, w.type, w.title,
               w.before || n.order_number || w.after,
               jsonb_build_object('orderId', n.id,
                                  'orderNumber', n.order_number,
                                  'status', n.status)
          FROM new_rows n,
               LATERAL (VALUES (n.buyer_id, 'buyer'), (n.seller_id, 'staff'))
                   AS v (user_id, side),
               notification_words('create', v.side, NULL) w
    ), told AS (
        INSERT INTO outbox_changes (order_id, store_id)
        SELECT n.id, n.store_id
          FROM new_rows n, outbox_asked(n.store_id, 'order.created')
        ON CONFLICT (order_id) DO NOTHING
    )
    INSERT INTO change_log
           (order_id, version, status, final, deleted, buyer, seller, driver,
            actor, order_number, updated_at, created_at, amount, currency,
            payment_method, payment_status)
    SELECT id, version, status_id, final, false, buyer_id, seller_id,
           driver_id, actor_id(), order_number, updated_at, created_at,
           final_total, currency, payment_method, payment_status
      FROM new_rows;

    PERFORM ring();

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.orders_after_insert() IS
    'Writes history, tracking event, notifications, tallies, timers and '
    'change log of new orders, and whether mails or webhooks follow (S4).';

CREATE OR REPLACE TRIGGER after_insert
    AFTER INSERT ON shop.orders
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.orders_after_insert();
