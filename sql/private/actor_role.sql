CREATE OR REPLACE FUNCTION shop.actor_role() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('shop.actor_role', true), ''),
                'system');

COMMENT ON FUNCTION shop.actor_role() IS
    'In which role somebody acts in this transaction.';
