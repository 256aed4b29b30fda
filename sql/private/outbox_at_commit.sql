-- When all is written: the items and the shipment of a new order, all the
-- steps of one that went through several statuses.  What nobody could see is
-- not told: a transaction is one event of an order, and none if the order
-- came and went in it.
--
-- The one helper with the owner's rights: at the end of a transaction of the
-- module no function of the API runs any more.

CREATE OR REPLACE FUNCTION shop.outbox_at_commit() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order    orders;
    v_deleted  deleted_orders;
    v_event    text;
BEGIN
    DELETE FROM outbox_changes WHERE order_id = NEW.order_id;

    SELECT * INTO v_order FROM orders WHERE id = NEW.order_id;

    IF FOUND THEN
        v_event := CASE
                   WHEN NEW.old_status IS NULL THEN 'order.created'
                   WHEN NEW.old_status <> v_order.status
                       THEN 'order.status_changed'
                   ELSE 'order.updated' END;

        PERFORM queue_webhooks(v_event, NEW.store_id, v_order.id,
                               v_order.version, NEW.old_status,
                               v_order.updated_at, order_json(v_order))
          FROM outbox_asked(NEW.store_id, v_event);
        PERFORM queue_mails(v_event, v_order)
          FROM outbox_settings s
         WHERE s.mail;

    ELSIF NEW.old_status IS NOT NULL THEN
        SELECT * INTO v_deleted FROM deleted_orders WHERE id = NEW.order_id;

        PERFORM queue_webhooks('order.deleted', NEW.store_id, v_deleted.id,
                               (v_deleted."order" ->> 'version')::int4 + 1,
                               NEW.old_status, v_deleted.deleted_at,
                               v_deleted."order");
    END IF;

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.outbox_at_commit() IS
    'Writes the mails and webhooks of an order that the transaction changed, '
    'as it stands at its end (S4).';

DROP TRIGGER IF EXISTS at_commit ON shop.outbox_changes;

CREATE CONSTRAINT TRIGGER at_commit
    AFTER INSERT ON shop.outbox_changes
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION shop.outbox_at_commit();
