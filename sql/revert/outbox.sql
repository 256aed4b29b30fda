-- The role stays: it may be used in other databases of the cluster.

BEGIN;

DROP SCHEMA dispatch CASCADE;
DROP TABLE shop.outbox_counts, shop.outbox_attempts, shop.outbox,
           shop.outbox_changes, shop.webhook_endpoints, shop.outbox_settings
    CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
