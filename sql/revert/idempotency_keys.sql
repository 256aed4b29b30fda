BEGIN;

DROP TABLE shop.idempotency_keys;

COMMIT;
