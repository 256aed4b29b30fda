-- Inlined where it stands in FROM: the triggers of orders ask it for every
-- order, and while nobody asks for anything it is all that they do.

CREATE OR REPLACE FUNCTION shop.outbox_asked(p_store uuid, p_event text)
RETURNS TABLE (asked boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT true
     WHERE EXISTS (SELECT FROM shop.webhook_endpoints e
                    WHERE e.active
                      AND (e.store_id = p_store OR e.store_id IS NULL)
                      AND p_event = ANY (e.events))
        OR p_event IN ('order.created', 'order.status_changed')
           AND (SELECT s.mail FROM shop.outbox_settings s);
END;

COMMENT ON FUNCTION shop.outbox_asked(uuid, text) IS
    'One row if a mail or a webhook may follow from an event of an order of '
    'this store; no row if nothing can.';
