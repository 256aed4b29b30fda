-- No order is waited for: who holds one is about to set its timers anew.  All
-- that are due move in one statement; if one of them cannot, they move one by
-- one, and that one is put off.

CREATE OR REPLACE FUNCTION api.automate() RETURNS TABLE (done int4)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_due    uuid[];
    v_stuck  uuid[];
    v_order  uuid;
BEGIN
    SELECT array_agg(order_id) FILTER (WHERE kind = 'advance'),
           array_agg(order_id) FILTER (WHERE kind = 'stuck')
      INTO v_due, v_stuck
      FROM (SELECT t.order_id, t.kind
              FROM order_timers t
              JOIN orders o ON o.id = t.order_id
             WHERE t.due_at <= now()
             ORDER BY t.due_at
             LIMIT 100
               FOR NO KEY UPDATE OF o SKIP LOCKED
               FOR UPDATE OF t SKIP LOCKED) due;

    done := 0;

    BEGIN
        done := advance_orders(v_due);
    EXCEPTION WHEN OTHERS THEN
        FOREACH v_order IN ARRAY v_due LOOP
            BEGIN
                done := done + advance_orders(ARRAY[v_order]);
            EXCEPTION WHEN OTHERS THEN
                RAISE LOG 'order % cannot move on by itself: %', v_order,
                          SQLERRM;
                UPDATE order_timers SET due_at = now() + interval '10 min'
                 WHERE order_id = v_order AND kind = 'advance';
            END;
        END LOOP;
    END;

    done := done + notify_stuck(v_stuck);

    -- one folds

    IF pg_try_advisory_xact_lock(hashtextextended('order_automate', 0)) THEN
        PERFORM fold_tallies(), note_timeline();
    END IF;

    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION api.automate() IS
    'Takes the transitions whose time has come, as the system, and tells the '
    'sellers of stuck orders; at most 100 timers. To be called every few '
    'seconds by whoever reads the change feed, and again at once while it '
    'has done 100. Source: S4, Automated Status Updates, stuckOrders. '
    'Errors: none.';
