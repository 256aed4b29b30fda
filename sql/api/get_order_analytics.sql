-- Reads the orders that were created in the range, and what happened in it
-- to any order: tenths of a second for 100,000 orders.

CREATE OR REPLACE FUNCTION api.get_order_analytics(
    p_user uuid, p_role text, p_from timestamptz, p_to timestamptz,
    p_store uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
SET plan_cache_mode = force_custom_plan
SET work_mem = '64MB'
SET jit = off
AS $$
DECLARE
    v_to      timestamptz := coalesce(p_to, now());
    v_from    timestamptz := coalesce(p_from, v_to - interval '30 days');
    v_seller  uuid := CASE WHEN p_role = 'manager' THEN p_user END;
    v_codes   text[];
    v_slow    text[];
    v_paid    text[];
    v_owner   uuid;
BEGIN
    IF v_to <= v_from THEN
        PERFORM refuse_field('to', 'must be later than from');

    ELSIF v_to > v_from + interval '366 days' THEN
        PERFORM refuse_field('to', 'must be at most 366 days after from');
    END IF;

    IF p_store IS NOT NULL THEN
        SELECT manager_id INTO v_owner FROM stores WHERE id = p_store;

        IF NOT FOUND THEN
            RAISE EXCEPTION USING
                ERRCODE = 'OM001', MESSAGE = 'There is no such store.';
        END IF;

        IF v_owner <> v_seller THEN
            RAISE EXCEPTION USING
                ERRCODE = 'OM002', MESSAGE = 'This is not your store.';
        END IF;
    END IF;

    SELECT array_agg(DISTINCT code),
           array_agg(DISTINCT code) FILTER (WHERE stuck_after IS NOT NULL),
           array_agg(DISTINCT code)
               FILTER (WHERE payment_status IN ('paid', 'confirmed',
                                                'locked'))
      INTO v_codes, v_slow, v_paid
      FROM workflow_statuses;

    RETURN NEXT (
        WITH mine AS MATERIALIZED (
            SELECT o.id, o.workflow, s.phase, o.final_total, o.currency,
                   o.payment_method, o.payment_status, o.created_at
              FROM orders o
              JOIN workflow_statuses s ON s.id = o.status_id
             WHERE o.created_at >= v_from AND o.created_at < v_to
               AND (v_seller IS NULL OR o.seller_id = v_seller)
               AND (p_store IS NULL OR o.store_id = p_store)

        ), totals AS (
            SELECT count(*) AS created,
                   count(*) FILTER (WHERE phase IN ('delivered', 'completed'))
                       AS completed,
                   count(*) FILTER (WHERE phase = 'cancelled') AS cancelled,
                   avg(final_total)
                       FILTER (WHERE phase NOT IN ('cancelled', 'refunded',
                                                   'failed')) AS value
              FROM mine

        ), currencies AS (
            SELECT currency, avg(final_total) AS value
              FROM mine
             WHERE phase NOT IN ('cancelled', 'refunded', 'failed')
             GROUP BY currency

        ), methods AS (
            SELECT payment_method AS method, count(*) AS orders,
                   count(*) FILTER (WHERE payment_status
                                          IN ('paid', 'confirmed', 'locked',
                                              'released')) AS good
              FROM mine
             GROUP BY payment_method

        ), moves AS MATERIALIZED (
            SELECT h.previous_status, h.new_status, s.phase,
                   extract(epoch FROM h.in_previous) AS seconds,
                   extract(epoch FROM o.actual_delivery_date - o.created_at)
                       AS to_delivery
              FROM order_status_history h
              JOIN orders o ON o.id = h.order_id
              JOIN workflow_statuses s
                ON s.workflow = o.workflow AND s.code = h.new_status
             WHERE h.new_status = ANY (v_codes)
               AND h.previous_status IS NOT NULL
               AND h.created_at >= v_from AND h.created_at < v_to
               AND o.created_at < v_to AND o.status_updated_at >= v_from
               AND (v_seller IS NULL OR o.seller_id = v_seller)
               AND (p_store IS NULL OR o.store_id = p_store)

        ), transitions AS (
            SELECT previous_status, new_status, count(*) AS count,
                   round(avg(seconds), 3) AS average,
                   round((percentile_cont(0.5)
                              WITHIN GROUP (ORDER BY seconds))::numeric, 3)
                       AS median
              FROM moves
             GROUP BY previous_status, new_status

        ), cancellations AS (
            SELECT previous_status,
                   round(count(*) FILTER (WHERE phase = 'cancelled')
                         / count(*)::numeric, 4) AS rate
              FROM moves
             GROUP BY previous_status

        ), stuck AS (
            SELECT o.status, count(*) AS orders
              FROM orders o
              JOIN workflow_statuses s ON s.id = o.status_id
             WHERE o.status = ANY (v_slow)
               AND o.status_updated_at + s.stuck_after <= now()
               AND (v_seller IS NULL OR o.seller_id = v_seller)
               AND (p_store IS NULL OR o.store_id = p_store)
             GROUP BY o.status

        ), payments AS (
            SELECT m.id, h.created_at AS at
              FROM mine m
              JOIN order_status_history h ON h.order_id = m.id
              JOIN workflow_statuses s
                ON s.workflow = m.workflow AND s.code = h.new_status
             WHERE h.new_status = ANY (v_paid) AND h.created_at >= v_from
               AND s.payment_status IN ('paid', 'confirmed', 'locked')
             UNION ALL
            SELECT m.id, e.occurred_at
              FROM mine m
              JOIN order_tracking_events e ON e.order_id = m.id
             WHERE e.event_type = 'payment_update'
               AND e.occurred_at >= v_from
               AND e.event_data ->> 'status'
                       IN ('paid', 'confirmed', 'locked')

        ), processing AS (
            SELECT m.payment_method AS method,
                   round(avg(greatest(extract(epoch FROM p.at
                                              - m.created_at), 0)), 3)
                       AS average
              FROM mine m
              JOIN (SELECT id, min(at) AS at FROM payments GROUP BY id) p
             USING (id)
             GROUP BY m.payment_method
        )
        SELECT reply(200, row_to_json(b)::text) FROM (SELECT (
            SELECT row_to_json(j) FROM (
                SELECT iso(v_from) AS from, iso(v_to) AS to) j) AS range, (
            SELECT row_to_json(j) FROM (
                SELECT t.created, t.completed,
                       amount(round(t.created * 86400
                                    / extract(epoch FROM v_to - v_from), 4))
                           AS "creationRatePerDay",
                       amount(round(t.completed
                                    / nullif(t.created, 0)::numeric, 4))
                           AS "completionRate",
                       amount(round(t.value, 8)) AS "averageOrderValue",
                       (SELECT coalesce(json_object_agg(
                                   c.currency, amount(round(c.value, 8))
                                   ORDER BY c.currency), '{}')
                          FROM currencies c)
                           AS "averageOrderValueByCurrency",
                       (SELECT amount(round(avg(m.to_delivery), 3))
                          FROM moves m
                         WHERE m.phase = 'delivered')
                           AS "timeToFulfilmentSeconds"
                  FROM totals t) j) AS orders, (
            SELECT row_to_json(j) FROM (
                SELECT (SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (
                            SELECT t.previous_status AS from,
                                   t.new_status AS to, t.count,
                                   amount(t.average) AS "averageSeconds",
                                   amount(t.median) AS "medianSeconds"
                              FROM transitions t
                             ORDER BY 1, 2) x) AS transitions,
                       (SELECT coalesce(json_object_agg(
                                   k.status, k.orders ORDER BY k.status),
                                   '{}')
                          FROM stuck k) AS stuck,
                       (SELECT coalesce(json_object_agg(
                                   c.previous_status, amount(c.rate)
                                   ORDER BY c.previous_status), '{}')
                          FROM cancellations c)
                           AS "cancellationRateByStatus",
                       (SELECT amount(round(t.cancelled
                                      / nullif(t.created, 0)::numeric, 4))
                          FROM totals t) AS "cancellationRate") j)
                AS statuses, (
            SELECT row_to_json(j) FROM (
                SELECT (SELECT coalesce(json_object_agg(
                                   m.method, m.orders ORDER BY m.method),
                                   '{}')
                          FROM methods m) AS distribution,
                       (SELECT coalesce(json_object_agg(
                                   m.method,
                                   amount(round(m.good
                                                / m.orders::numeric, 4))
                                   ORDER BY m.method), '{}')
                          FROM methods m) AS "successRate",
                       (SELECT coalesce(json_object_agg(
                                   p.method, amount(p.average)
                                   ORDER BY p.method), '{}')
                          FROM processing p)
                           AS "averageProcessingSeconds") j) AS payments) b);
END
$$;

COMMENT ON FUNCTION api.get_order_analytics(uuid, text, timestamptz,
                                            timestamptz, uuid) IS
$$S4's key metrics of a range, 30 days up to now unless told, for a manager of
the own stores. Rates are shares of 1; without anything to measure a figure is
null or its key is missing.

created, distribution, successRate (paid, confirmed, locked or released by
now): of the orders created in the range. completionRate and cancellationRate:
how many of those are delivered or completed, or cancelled, by now.
averageOrderValue: the mean final total of those that are not cancelled,
refunded or failed, all currencies in one.
timeToFulfilmentSeconds: from creation to delivery, of those delivered in the
range. transitions: the changes of status in the range, and how long the order
had been in the status before; cancellationRateByStatus: how many of those out
of a status were cancellations. stuck: orders that are in a status for longer
than its stuck_after, now, whatever the range.
averageProcessingSeconds: from creation to the first status whose
payment_status is paid, confirmed or locked, or to the first payment_update
whose data's status says so.

Source: S4, Monitoring and Analytics, GET /api/analytics/orders. Errors:
OM001 no such store, OM002 another manager's store, OM004 range.$$;
