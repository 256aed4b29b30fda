CREATE OR REPLACE FUNCTION shop.actor_id() RETURNS uuid
LANGUAGE sql STABLE
RETURN nullif(current_setting('shop.actor_id', true), '')::uuid;

COMMENT ON FUNCTION shop.actor_id() IS
    'Who acts in this transaction; NULL: nobody said.';
