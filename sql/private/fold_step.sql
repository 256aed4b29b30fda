-- First the changes that are alike become one row, then that row's worth is
-- added to each family that it belongs to.  A change of something else than
-- status and payment belongs to none.

CREATE OR REPLACE FUNCTION shop.fold_step(p_old pg_snapshot, p_new pg_snapshot)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_from  xid8 := pg_snapshot_xmax(p_old);
    v_to    xid8 := pg_snapshot_xmax(p_new);
    v_xip   xid8[] := ARRAY(SELECT pg_snapshot_xip(p_old));
    v_good  text[] := '{paid,confirmed,locked,released}';
BEGIN
    WITH alike AS (
        SELECT l.status, l.old_status, l.deleted, l.currency,
               l.payment_method, l.payment_status, l.old_payment_status,
               count(*) AS n, sum(l.amount) AS amount,
               extract(epoch FROM sum(l.updated_at - l.status_since))
                   AS lasted,
               extract(epoch FROM sum(l.updated_at - l.created_at)) AS age
          FROM change_log l
         WHERE (l.xid >= v_from AND l.xid < v_to OR l.xid = ANY (v_xip))
           AND pg_visible_in_snapshot(l.xid, p_new)
           AND l.stuck_since IS NULL
           AND (l.old_status IS DISTINCT FROM l.status OR l.deleted
                OR l.payment_status IS NOT NULL)
         GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), changes AS (
        SELECT a.n, a.amount, a.lasted, a.age, a.deleted,
               a.old_status IS NULL AS created,
               a.old_status <> a.status AS moved,
               s.phase, s.final,
               format('workflow="%s"', s.workflow) AS workflow,
               format('workflow="%s",status="%s"', s.workflow, s.code)
                   AS status,
               format('workflow="%s",status="%s"', s.workflow, o.code)
                   AS old_status,
               format('workflow="%s",from_status="%s"', s.workflow, o.code)
                   AS from_status,
               format('workflow="%s",from_status="%s",to_status="%s"',
                      s.workflow, o.code, s.code) AS transition,
               format('method="%s"', coalesce(m.method, 'other')) AS method,
               format('currency="%s"',
                      CASE WHEN a.currency ~ '^[A-Z]{3,10}$' THEN a.currency
                           ELSE 'other' END) AS currency,
               CASE
               WHEN a.payment_status = a.old_payment_status THEN NULL
               WHEN a.payment_status IN ('failed', 'refunded')
               THEN a.payment_status
               WHEN a.payment_status = ANY (v_good)
                    AND coalesce(a.old_payment_status, '') <> ALL (v_good)
               THEN 'confirmed'
               END AS payment
          FROM alike a
          JOIN workflow_statuses s ON s.id = a.status
          LEFT JOIN workflow_statuses o ON o.id = a.old_status
          LEFT JOIN payment_methods m
            ON m.method = replace(lower(a.payment_method), ' ', '_')
    )
    INSERT INTO metric_totals (family, labels, total)
    SELECT v.family, v.labels, sum(v.total)
      FROM changes c,
           LATERAL (VALUES
        (c.created OR c.moved, 'orders', c.status, c.n),
        (c.moved, 'orders', c.old_status, - c.n),
        (c.deleted, 'orders', c.status, - c.n),
        (c.created, 'created_total',
         concat_ws(',', c.workflow, c.method, c.currency), c.n),
        (c.created, 'created_value_total', c.currency, c.amount),
        (c.moved AND c.final AND c.phase IN ('delivered', 'completed'),
         'completed_total', c.workflow, c.n),
        (c.moved AND c.phase = 'cancelled', 'cancelled_total',
         c.from_status, c.n),
        (c.moved, 'transition_duration_seconds_count', c.transition, c.n),
        (c.moved, 'transition_duration_seconds_sum', c.transition, c.lasted),
        (c.moved AND c.phase = 'delivered',
         'fulfilment_duration_seconds_count', c.workflow, c.n),
        (c.moved AND c.phase = 'delivered',
         'fulfilment_duration_seconds_sum', c.workflow, c.age),
        (c.payment IS NOT NULL, 'payments_total',
         format('%s,result="%s"', c.method, c.payment), c.n),
        (c.payment = 'confirmed', 'payment_duration_seconds_count',
         c.method, c.n),
        (c.payment = 'confirmed', 'payment_duration_seconds_sum',
         c.method, c.age)
           ) AS v (counts, family, labels, total)
     WHERE v.counts AND v.total IS NOT NULL
     GROUP BY v.family, v.labels
    ON CONFLICT (family, labels) DO UPDATE
       SET total = metric_totals.total + excluded.total;

    UPDATE metric_mark SET snapshot = p_new;
END
$$;

COMMENT ON FUNCTION shop.fold_step(pg_snapshot, pg_snapshot) IS
    'Adds to the totals of the shop what was committed between two snapshots, '
    'neither of which is later than now.';
