BEGIN;

SELECT user_id, route, key, fingerprint, http_status, body
  FROM shop.idempotency_keys
 WHERE false;

ROLLBACK;
