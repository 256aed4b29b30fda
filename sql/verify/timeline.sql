BEGIN;

SELECT epoch FROM shop.timeline WHERE one;

ROLLBACK;
