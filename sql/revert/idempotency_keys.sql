BEGIN;

DROP TABLE shop.idempotency_keys CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
