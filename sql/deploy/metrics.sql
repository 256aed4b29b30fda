BEGIN;

SET LOCAL ROLE order_owner;

-- Figures of the whole shop (api.order_metrics()).  Writers do not touch
-- them: they are folded out of the change log (shop.fold_changes()), which
-- tells for that what a change was worth.

CREATE TABLE shop.metric_totals (
    family  text    NOT NULL,
    labels  text    NOT NULL,
    total   numeric NOT NULL,
    PRIMARY KEY (family, labels)
) WITH (fillfactor = 50);

COMMENT ON COLUMN shop.metric_totals.labels IS
    'As Prometheus writes them; their values are of characters that need no '
    'escaping.';

CREATE TABLE shop.metric_mark (
    one       boolean     PRIMARY KEY DEFAULT true CHECK (one),
    snapshot  pg_snapshot NOT NULL
);

COMMENT ON COLUMN shop.metric_mark.snapshot IS
    'The totals have what was committed in this snapshot, and nothing else.';

-- a client may name any method: figures tell these apart, and no other

CREATE TABLE shop.payment_methods (
    method  text PRIMARY KEY CHECK (method ~ '^[a-z][a-z0-9_]{0,29}$'
                                    AND method <> 'other')
);

INSERT INTO shop.payment_methods VALUES
    ('bank_transfer'), ('card'), ('cash'), ('credit_card'), ('crypto'),
    ('debit_card'), ('escrow'), ('fiat'), ('paypal'), ('unspecified');

-- what there is already; counters start from zero

WITH counted AS (
    INSERT INTO shop.metric_totals (family, labels, total)
    SELECT 'orders', format('workflow="%s",status="%s"', workflow, status),
           count(*)
      FROM shop.orders
     GROUP BY workflow, status
)
INSERT INTO shop.metric_mark (snapshot) VALUES (pg_current_snapshot());

-- by status, who has been in it for longest

CREATE INDEX orders_waiting ON shop.orders (status_id, status_updated_at)
    WHERE NOT final;

ALTER TABLE shop.change_log
    ADD created_at          timestamptz,
    ADD status_since        timestamptz,
    ADD amount              numeric,
    ADD currency            text,
    ADD payment_method      text,
    ADD payment_status      text,
    ADD old_payment_status  text;

COMMENT ON COLUMN shop.change_log.created_at IS
    'Of the order; only where status or payment changed.';
COMMENT ON COLUMN shop.change_log.status_since IS
    'Since when the order had been in old_status, which it left.';
COMMENT ON COLUMN shop.change_log.amount IS
    'The final total of a new order.';
COMMENT ON COLUMN shop.change_log.payment_status IS
    'Of a new order, or where it changed.';

COMMIT;
