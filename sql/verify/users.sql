BEGIN;

SELECT id, email, first_name, last_name, role, password_hash
  FROM shop.users
 WHERE false;

ROLLBACK;
