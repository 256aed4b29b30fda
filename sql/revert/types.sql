BEGIN;

DROP TYPE shop.order_line CASCADE;
DROP TYPE api.answer CASCADE;
DROP TYPE api.record CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
