-- 10,000 products with stock, so that orders do not wait for each other.

INSERT INTO shop.products (id, store_id, name, price, stock)
SELECT ('00000002-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
       '00000000-0000-7000-8000-000000000203', 'Product ' || n, 9.99,
       1000000
  FROM generate_series(10000, 19999) n
ON CONFLICT DO NOTHING;

ANALYZE shop.products;
