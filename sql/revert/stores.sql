BEGIN;

DROP TABLE shop.products CASCADE;
DROP TABLE shop.stores CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
