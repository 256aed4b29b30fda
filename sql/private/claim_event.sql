-- The row is written first: who comes with the same event at the same time
-- waits here for the first one's end, and finds it done, or not.  An event of
-- an order that is gone since is still one that was done.

CREATE OR REPLACE FUNCTION shop.claim_event(
    p_source text, p_event text, p_type text, p_order text)
RETURNS api.answer
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_id     uuid;
    v_event  webhook_events;
    v_order  orders;
BEGIN
    SELECT id INTO v_id FROM orders WHERE id = order_id(p_order);

    IF NOT FOUND THEN
        UPDATE webhook_events SET repeats = repeats + 1
         WHERE source = p_source AND event_id = p_event;

        IF FOUND THEN
            RETURN event_answer('duplicate', NULL);
        END IF;

        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such order.';
    END IF;

    INSERT INTO webhook_events AS e (source, event_id, type, order_id, outcome)
    VALUES (p_source, p_event, p_type, v_id, 'applied')
    ON CONFLICT (source, event_id) DO UPDATE SET repeats = e.repeats + 1
    RETURNING * INTO v_event;

    IF v_event.repeats = 0 THEN
        RETURN NULL;
    END IF;

    SELECT * INTO v_order FROM orders WHERE id = v_event.order_id;

    RETURN event_answer('duplicate', v_order);
END
$$;

COMMENT ON FUNCTION shop.claim_event(text, text, text, text) IS
    'The answer to an event that came before, or NULL: then it is to be '
    'done, and ended with end_event(). Raises OM001.';
