CREATE OR REPLACE FUNCTION shop.mail_body(
    p_event text, p_side text, p_order shop.orders, p_message text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_reader   text;
    v_buyer    text;
    v_store    text;
    v_status   text;
    v_carrier  text;
    v_base     text := (SELECT rtrim(base_url, '/') FROM outbox_settings);
    v_facts    text;
BEGIN
    SELECT plain(user_name(b.first_name, b.last_name)),
           plain(user_name(u.first_name, u.last_name)), plain(st.name),
           plain(s.label),
           (SELECT h.carrier FROM shipments h WHERE h.order_id = p_order.id)
      INTO v_buyer, v_reader, v_store, v_status, v_carrier
      FROM stores st, users b, users u, workflow_statuses s
     WHERE st.id = p_order.store_id AND b.id = p_order.buyer_id
       AND u.id = CASE p_side WHEN 'buyer' THEN p_order.buyer_id
                              ELSE p_order.seller_id END
       AND s.id = p_order.status_id;

    SELECT string_agg(wrapped(f.name || ': ' || f.value), '' ORDER BY f.n)
      INTO v_facts
      FROM (VALUES
               (1, 'Status', v_status),
               (2, 'Buyer', CASE p_side WHEN 'staff' THEN v_buyer END),
               (3, 'Payment', CASE p_event WHEN 'create'
                              THEN p_order.payment_method || ', '
                                   || p_order.payment_status END),
               (4, 'Carrier', v_carrier),
               (5, 'Tracking number', p_order.tracking_number),
               (6, 'Expected', CASE WHEN NOT p_order.final
                               THEN p_order.estimated_delivery::text END)
           ) AS f (n, name, value)
     WHERE f.value <> '';

    RETURN concat_ws(E'\n',
        wrapped(CASE v_reader WHEN '' THEN 'Hello,'
                ELSE 'Hello ' || v_reader || ',' END),
        wrapped(p_message),
        CASE p_event WHEN 'create' THEN mail_items_text(p_order) END,
        v_facts,
        CASE p_event WHEN 'create'
        THEN E'Delivery to:\n'
             || mail_address_text(p_order.shipping_address) END,
        v_base
        || CASE p_side
           WHEN 'buyer' THEN '/order-confirmation/' || p_order.order_number
           ELSE '/seller-dashboard' END
        || E'\n',
        wrapped(v_store));
END
$$;

COMMENT ON FUNCTION shop.mail_body(text, text, shop.orders, text) IS
    'What a mail says, around the message of the notification.';
