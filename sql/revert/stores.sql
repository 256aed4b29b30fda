BEGIN;

DROP TABLE shop.products;
DROP TABLE shop.stores;

COMMIT;
