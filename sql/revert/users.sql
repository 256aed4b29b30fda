BEGIN;

DROP TABLE shop.users;

COMMIT;
