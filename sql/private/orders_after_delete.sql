CREATE OR REPLACE FUNCTION shop.orders_after_delete() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    INSERT INTO change_log
           (order_id, version, status, old_status, final, deleted, buyer,
            seller, driver, actor, order_number, updated_at)
    SELECT id, version + 1, status_id, status_id, final, true, buyer_id,
           seller_id, driver_id, actor_id(), order_number,
           greatest(clock_timestamp(), updated_at)
      FROM old_rows;

    INSERT INTO order_tallies (owner, side, status, currency, orders, amount)
    SELECT v.owner, v.side, o.status, o.currency, -1, - o.final_total
      FROM old_rows o,
           LATERAL (VALUES (o.buyer_id, 'buyer'), (o.seller_id, 'seller'))
               AS v (owner, side);

    INSERT INTO outbox_changes (order_id, store_id, old_status)
    SELECT o.id, o.store_id, o.status
      FROM old_rows o, outbox_asked(o.store_id, 'order.deleted')
    ON CONFLICT (order_id) DO NOTHING;

    PERFORM ring();

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.orders_after_delete() IS
    'Writes the change log of deleted orders, their last version, their '
    'tallies, and whether webhooks follow.';

CREATE OR REPLACE TRIGGER after_delete
    AFTER DELETE ON shop.orders
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.orders_after_delete();
