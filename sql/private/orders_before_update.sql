CREATE OR REPLACE FUNCTION shop.orders_before_update() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_status  workflow_statuses;
    v_role    text;
BEGIN
    IF (NEW.id, NEW.order_number, NEW.buyer_id, NEW.store_id, NEW.workflow)
       <> (OLD.id, OLD.order_number, OLD.buyer_id, OLD.store_id, OLD.workflow)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = 'The id, number, buyer, store and workflow of an order '
                      'never change.';
    END IF;

    IF NEW.seller_id <> OLD.seller_id
       AND NEW.seller_id <> (SELECT manager_id FROM stores
                              WHERE id = NEW.store_id)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = 'The seller of an order is the manager of its store.';
    END IF;

    IF OLD.final
       AND (NEW.total_amount, NEW.total_discount, NEW.currency)
           <> (OLD.total_amount, OLD.total_discount, OLD.currency)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM016',
            MESSAGE = format('An order that is %s keeps its price.',
                             OLD.status),
            DETAIL = json_build_object('current_status', OLD.status);
    END IF;

    NEW.version := OLD.version + 1;
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
    NEW.status_id := OLD.status_id;
    NEW.final := OLD.final;
    NEW.status_updated_at := OLD.status_updated_at;
    NEW.shipped_at := OLD.shipped_at;
    NEW.actual_delivery_date := OLD.actual_delivery_date;
    NEW.completed_at := OLD.completed_at;
    NEW.cancelled_at := OLD.cancelled_at;

    IF NEW.status = OLD.status THEN
        RETURN NEW;
    END IF;

    v_role := actor_role();

    SELECT s.* INTO v_status
      FROM workflow_transitions t
      JOIN workflow_statuses s
        ON s.workflow = t.workflow AND s.code = t.to_status
     WHERE t.workflow = OLD.workflow
       AND t.from_status = OLD.status
       AND t.to_status = NEW.status
       AND may(v_role, t.roles);

    IF NOT FOUND THEN
        PERFORM refuse_transition(OLD.workflow, OLD.status, NEW.status,
                                  v_role);
    END IF;

    NEW.status_id := v_status.id;
    NEW.final := v_status.final;
    NEW.status_updated_at := NEW.updated_at;
    NEW.payment_status := coalesce(v_status.payment_status,
                                   NEW.payment_status);

    CASE v_status.phase
    WHEN 'shipped' THEN
        NEW.shipped_at := coalesce(NEW.shipped_at, NEW.updated_at);

    WHEN 'delivered' THEN
        NEW.shipped_at := coalesce(NEW.shipped_at, NEW.updated_at);
        NEW.actual_delivery_date := NEW.updated_at;
        IF NEW.final THEN
            NEW.completed_at := NEW.updated_at;
        END IF;

    WHEN 'completed' THEN
        NEW.completed_at := NEW.updated_at;

    WHEN 'cancelled', 'refunded', 'failed' THEN
        NEW.cancelled_at := NEW.updated_at;
        IF NEW.shipped_at IS NULL THEN
            NEW.stock_taken := false;
        END IF;

    ELSE
        NULL;
    END CASE;

    RETURN NEW;
END
$$;

COMMENT ON FUNCTION shop.orders_before_update() IS
    'Gives an order its next version, and refuses what its workflow or the '
    'actor''s role does not allow, or changes the price of a final order; '
    'raises OM003, OM004, OM016.';

CREATE OR REPLACE TRIGGER before_update
    BEFORE UPDATE ON shop.orders
    FOR EACH ROW EXECUTE FUNCTION shop.orders_before_update();
