BEGIN;

SELECT 1 / count(*) FROM shop.settings;
SELECT 1 / (substr(shop.uuid7()::text, 15, 1) = '7')::int;

-- pgcrypto must be where the functions look for it; if it was there before:
-- ALTER EXTENSION pgcrypto SET SCHEMA shop

SELECT 1 / count(*) FROM pg_extension
 WHERE extname = 'pgcrypto' AND extnamespace = 'shop'::regnamespace;

ROLLBACK;
