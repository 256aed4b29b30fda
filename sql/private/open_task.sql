CREATE OR REPLACE FUNCTION shop.open_task(p_id uuid) RETURNS shop.deliveries
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_task  deliveries;
BEGIN
    SELECT * INTO v_task
      FROM deliveries
     WHERE id = p_id AND delivery_status = 'assigned' AND driver_id IS NULL;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM015',
            MESSAGE = 'Delivery was already taken or does not exist.';
    END IF;

    RETURN v_task;
END
$$;

COMMENT ON FUNCTION shop.open_task(uuid) IS
    'The task with this id that no driver has taken; raises OM015 (S0).';
