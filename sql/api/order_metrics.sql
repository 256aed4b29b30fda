-- Samples that can be known beforehand start with 0, so that increase() sees
-- the first event.  The durations come last: they are what is cut off of more
-- than 64 KB.

CREATE OR REPLACE FUNCTION api.order_metrics() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    v_text  text;
BEGIN
    -- a standby tells what the primary has folded

    IF NOT current_setting('transaction_read_only')::bool THEN
        PERFORM fold_changes();
    END IF;

    WITH waiting AS MATERIALIZED (
        SELECT * FROM waiting_orders()
    ), methods AS (
        SELECT method FROM payment_methods UNION ALL SELECT 'other'
    ), samples (family, labels, value) AS (
        SELECT family, labels, total FROM metric_totals
         UNION ALL
        SELECT 'orders', format('workflow="%s",status="%s"', workflow, code),
               0
          FROM workflow_statuses
         UNION ALL
        SELECT 'completed_total', format('workflow="%s"', name), 0
          FROM workflows
         UNION ALL
        SELECT 'cancelled_total',
               format('workflow="%s",from_status="%s"', t.workflow,
                      t.from_status), 0
          FROM workflow_transitions t
          JOIN workflow_statuses s
            ON s.workflow = t.workflow AND s.code = t.to_status
         WHERE s.phase = 'cancelled'
         UNION ALL
        SELECT 'payments_total',
               format('method="%s",result="%s"', m.method, r.result), 0
          FROM methods m,
               (VALUES ('confirmed'), ('failed'), ('refunded')) AS r (result)
         UNION ALL
        SELECT 'oldest_seconds', labels, oldest FROM waiting
         UNION ALL
        SELECT 'stuck_orders', labels, stuck FROM waiting
         WHERE stuck IS NOT NULL
    ), lines AS (
        SELECT regexp_replace(family, '_(sum|count)$', '') AS family,
               string_agg(format(E'nginx_order_%s{%s} %s\n', family, labels,
                                 trim_scale(value)), ''
                          ORDER BY labels, family) AS text
          FROM (SELECT family, labels, sum(value) AS value
                  FROM samples
                 GROUP BY family, labels) s
         GROUP BY 1
    )
    SELECT string_agg(format(E'# HELP nginx_order_%1$s %3$s\n'
                             '# TYPE nginx_order_%1$s %2$s\n%4$s',
                             f.family, f.type, f.help, l.text), ''
                      ORDER BY f.n)
      INTO v_text
      FROM (VALUES
        (1, 'orders', 'gauge',
         'Orders that there are, by status.'),
        (2, 'oldest_seconds', 'gauge',
         'For how long an order has been in the status, at most.'),
        (3, 'stuck_orders', 'gauge',
         'Orders in a status for longer than its stuck_after; up to 10000.'),
        (4, 'created_total', 'counter',
         'Orders placed.'),
        (5, 'created_value_total', 'counter',
         'What the orders placed come to.'),
        (6, 'completed_total', 'counter',
         'Orders that came to a good end.'),
        (7, 'cancelled_total', 'counter',
         'Orders cancelled, by the status that they were in.'),
        (8, 'payments_total', 'counter',
         'Payments by result.'),
        (9, 'fulfilment_duration_seconds', 'summary',
         'From creation to delivery.'),
        (10, 'payment_duration_seconds', 'summary',
         'From creation to the confirmation of the payment.'),
        (11, 'transition_duration_seconds', 'summary',
         'How long orders had been in the status that they left.')
           ) AS f (n, family, type, help)
      JOIN lines l USING (family);

    RETURN regexp_replace(left(outbox_metrics() || v_text, 65536),
                          '[^\n]*$', '');
END
$$;

COMMENT ON FUNCTION api.order_metrics() IS
    'Figures of the whole shop in Prometheus'' text format, at most 64 KB, '
    'and brings them up to date before. Source: S4, Key Metrics. Errors: '
    'none.';
