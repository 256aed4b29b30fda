CREATE OR REPLACE FUNCTION shop.orders_before_insert() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_store   record;
    v_status  workflow_statuses;
BEGIN
    SELECT st.manager_id, st.workflow, st.currency, st.delivery_days,
           CASE WHEN (SELECT trust_payment FROM settings)
                THEN i.status ELSE i.unproven END AS first
      INTO v_store
      FROM stores st
      JOIN workflow_initial_statuses i
        ON i.workflow = st.workflow
       AND i.payment_method IN (NEW.payment_method, '')
     WHERE st.id = NEW.store_id
     ORDER BY i.payment_method DESC
     LIMIT 1;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such store.';
    END IF;

    NEW.status := coalesce(NEW.status, v_store.first);

    SELECT * INTO v_status
      FROM workflow_statuses
     WHERE workflow = v_store.workflow AND code = NEW.status AND initial;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM003',
            MESSAGE = format('A new order cannot be %s.', NEW.status),
            DETAIL = (SELECT row_to_json(d) FROM (
                SELECT NULL AS current_status,
                       json_agg(code ORDER BY id) AS allowed_transitions
                  FROM workflow_statuses
                 WHERE workflow = v_store.workflow AND initial) d);
    END IF;

    NEW.version := 1;
    NEW.workflow := v_store.workflow;
    NEW.seller_id := v_store.manager_id;
    NEW.currency := coalesce(NEW.currency, v_store.currency);
    NEW.status_id := v_status.id;
    NEW.final := v_status.final;
    NEW.payment_status := coalesce(v_status.payment_status,
                                   NEW.payment_status);
    NEW.updated_at := clock_timestamp();
    NEW.status_updated_at := NEW.updated_at;
    NEW.shipped_at := CASE WHEN v_status.phase IN ('shipped', 'delivered')
                           THEN NEW.updated_at END;
    NEW.actual_delivery_date := CASE WHEN v_status.phase = 'delivered'
                                     THEN NEW.updated_at END;
    NEW.completed_at := CASE WHEN v_status.phase = 'completed'
                                  OR v_status.phase = 'delivered'
                                     AND v_status.final
                             THEN NEW.updated_at END;
    NEW.cancelled_at := CASE WHEN v_status.phase IN ('cancelled', 'refunded',
                                                     'failed')
                             THEN NEW.updated_at END;
    NEW.estimated_delivery := coalesce(NEW.estimated_delivery,
        (NEW.created_at AT TIME ZONE 'UTC')::date + v_store.delivery_days);

    RETURN NEW;
END
$$;

COMMENT ON FUNCTION shop.orders_before_insert() IS
    'Starts an order in its store''s workflow; raises OM001, OM003.';

CREATE OR REPLACE TRIGGER before_insert
    BEFORE INSERT ON shop.orders
    FOR EACH ROW EXECUTE FUNCTION shop.orders_before_insert();
