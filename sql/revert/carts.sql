BEGIN;

DROP TABLE shop.cart_items CASCADE;
DROP TABLE shop.carts CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
