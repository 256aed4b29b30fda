BEGIN;

SELECT id, user_id FROM shop.carts WHERE false;
SELECT id, cart_id, product_id, quantity, size, color
  FROM shop.cart_items
 WHERE false;

ROLLBACK;
