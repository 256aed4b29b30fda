-- Demo data: users, stores and products.  May be run again: it puts back
-- what it wrote, and restocks.  The password of every user is "demo".
--
-- The ids are well known, so that tests can name them:
--
--     00000000-0000-7000-8000-0000000001xx   users
--         01 buyer@example.com     02 buyer2@example.com
--         03 seller@example.com    04 manager@example.com
--         05 market@example.com    06 cart@example.com
--         07 driver@example.com    08 driver2@example.com
--         09 admin@example.com
--     00000000-0000-7000-8000-0000000002xx   stores
--         03 Alice's Electronics (shop)    04 Corner Kitchen (delivery)
--         05 Crypto Bazaar (marketplace)   06 Cart & Co (cart)
--     00000000-0000-7000-8000-0000000003xx   products
--         31 to 36 of store 03, 41 to 43 of 04, 51 to 53 of 05,
--         61 to 63 of 06: 61 a laptop for 999.99 and 62 a mouse for 74.99,
--         so that 1 x 61 + 2 x 62 = 1149.97

BEGIN;

SET LOCAL ROLE order_owner;

UPDATE shop.settings SET trust_payment = true WHERE NOT trust_payment;

-- one hash for all: nine would take their time, and it is no secret

WITH demo AS MATERIALIZED (SELECT shop.password_hash('demo') AS hash)
INSERT INTO shop.users (id, email, first_name, last_name, role, password_hash)
SELECT ('00000000-0000-7000-8000-0000000001' || v.no)::uuid, v.email,
       v.first_name, v.last_name, v.role, demo.hash
  FROM demo, (VALUES
    ('01', 'buyer@example.com',   'John',  'Doe',      'customer'),
    ('02', 'buyer2@example.com',  'Jane',  'Roe',      'customer'),
    ('03', 'seller@example.com',  'Alice', 'Store',    'manager'),
    ('04', 'manager@example.com', 'Bob',   'Manager',  'manager'),
    ('05', 'market@example.com',  'Carol', 'Market',   'manager'),
    ('06', 'cart@example.com',    'Dan',   'Cart',     'manager'),
    ('07', 'driver@example.com',  'Erin',  'Driver',   'driver'),
    ('08', 'driver2@example.com', 'Frank', 'Driver',   'driver'),
    ('09', 'admin@example.com',   'Grace', 'Admin',    'admin')
  ) AS v (no, email, first_name, last_name, role)
ON CONFLICT (id) DO UPDATE
   SET email = excluded.email, first_name = excluded.first_name,
       last_name = excluded.last_name, role = excluded.role,
       password_hash = excluded.password_hash;

INSERT INTO shop.stores (id, name, manager_id, workflow, rating,
                         delivery_days, currency, notify_admins)
SELECT ('00000000-0000-7000-8000-0000000002' || v.no)::uuid, v.name,
       ('00000000-0000-7000-8000-0000000001' || v.no)::uuid, v.workflow,
       v.rating, v.delivery_days, v.currency, v.notify_admins
  FROM (VALUES
    ('03', 'Alice''s Electronics', 'shop',        4.8, 5,  'USD',  false),
    ('04', 'Corner Kitchen',       'delivery',    4.5, 0,  'USD',  false),
    ('05', 'Crypto Bazaar',        'marketplace', 4.2, 14, 'USDC', true),
    ('06', 'Cart & Co',            'cart',        4.0, 3,  'USD',  false)
  ) AS v (no, name, workflow, rating, delivery_days, currency, notify_admins)
ON CONFLICT (id) DO UPDATE
   SET name = excluded.name, manager_id = excluded.manager_id,
       workflow = excluded.workflow, rating = excluded.rating,
       delivery_days = excluded.delivery_days, currency = excluded.currency,
       notify_admins = excluded.notify_admins, status = 'active';

INSERT INTO shop.products (id, store_id, name, description, price, stock)
SELECT ('00000000-0000-7000-8000-0000000003' || v.no)::uuid,
       ('00000000-0000-7000-8000-00000000020' || left(v.no, 1))::uuid,
       v.name, v.description, v.price, v.stock
  FROM (VALUES
    ('31', 'Wireless Headphones', 'Over-ear, 30 hours',    100,    1000),
    ('32', 'USB-C Charger',       '65 W, two ports',       39.90,  1000),
    ('33', 'T-Shirt',             'In all sizes and colors', 19.95, 1000),
    ('34', 'Desk Lamp',           'Warm white, dimmable',  45.50,  500),
    ('35', 'Smart Watch',         'Waterproof',            249,    100),
    ('36', 'Limited Edition',     'Only a few left',       500,    5),
    ('41', 'Margherita',          'Tomato, mozzarella',    9.50,   1000),
    ('42', 'Ramen',               'Shoyu, egg, nori',      12.80,  1000),
    ('43', 'Lemonade',            'Home-made, 0.5 l',      4.20,   1000),
    ('51', 'Hardware Wallet',     'Open firmware',         79.99,  1000),
    ('52', 'Collector''s Coin',   'One ounce of silver',   31.12345678, 1000),
    ('53', 'Mining Rig',          'Used, works',           1200,   20),
    ('61', 'Laptop',              '14 inches, 16 GB',      999.99, 1000),
    ('62', 'Mouse',               'Wireless',              74.99,  1000),
    ('63', 'Keyboard',            'Mechanical',            129,    1000)
  ) AS v (no, name, description, price, stock)
ON CONFLICT (id) DO UPDATE
   SET store_id = excluded.store_id, name = excluded.name,
       description = excluded.description, price = excluded.price,
       stock = excluded.stock, status = 'active';

COMMIT;
