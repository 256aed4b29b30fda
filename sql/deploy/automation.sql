BEGIN;

SET LOCAL ROLE order_owner;

-- A transition with "after" is taken by itself when an order has been in its
-- from_status for that long; shop.workflow_statuses.stuck_after tells after
-- how long an order is stuck.  A timer is one of the two for one order.

ALTER TABLE shop.workflow_transitions
    ADD after interval CHECK (after > '0');

COMMENT ON COLUMN shop.workflow_transitions.after IS
    'Taken by itself after this long in from_status; NULL: never.';

CREATE UNIQUE INDEX workflow_transitions_after
    ON shop.workflow_transitions (workflow, from_status)
    WHERE after IS NOT NULL;

CREATE TABLE shop.order_timers (
    order_id  uuid        NOT NULL
                          REFERENCES shop.orders ON DELETE CASCADE,
    kind      text        NOT NULL CHECK (kind IN ('advance', 'stuck')),
    due_at    timestamptz NOT NULL,
    PRIMARY KEY (order_id, kind)
);

CREATE INDEX order_timers_due ON shop.order_timers (due_at);

-- a payment that never came; a parcel that nobody reported as delivered; a
-- delivery that nobody complained of

UPDATE shop.workflow_transitions t
   SET after = v.after
  FROM (VALUES
    ('cart', 'shipped', 'delivered', '14 days'::interval),
    ('shop', 'shipped', 'delivered', '14 days'),
    ('marketplace', 'payment_pending', 'cancelled', '24 hours'),
    ('marketplace', 'shipped', 'delivered', '14 days'),
    ('marketplace', 'in_transit', 'delivered', '14 days'),
    ('marketplace', 'out_for_delivery', 'delivered', '3 days'),
    ('marketplace', 'delivered', 'completed', '14 days')
  ) AS v (workflow, from_status, to_status, after)
 WHERE (t.workflow, t.from_status, t.to_status)
       = (v.workflow, v.from_status, v.to_status);

INSERT INTO shop.order_timers (order_id, kind, due_at)
SELECT o.id, 'advance', o.status_updated_at + t.after
  FROM shop.orders o
  JOIN shop.workflow_transitions t
    ON t.workflow = o.workflow AND t.from_status = o.status
 WHERE NOT o.final AND t.after IS NOT NULL
 UNION ALL
SELECT o.id, 'stuck', o.status_updated_at + s.stuck_after
  FROM shop.orders o
  JOIN shop.workflow_statuses s ON s.id = o.status_id
 WHERE NOT o.final AND s.stuck_after IS NOT NULL;

COMMIT;
