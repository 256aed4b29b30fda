BEGIN;

DROP TYPE shop.order_line CASCADE;
DROP TYPE api.answer CASCADE;
DROP TYPE api.record CASCADE;

COMMIT;
