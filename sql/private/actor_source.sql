CREATE OR REPLACE FUNCTION shop.actor_source() RETURNS text
LANGUAGE sql STABLE
RETURN CASE shop.actor_role()
            WHEN 'customer' THEN 'buyer'
            WHEN 'manager' THEN 'seller'
            ELSE shop.actor_role()
       END;

COMMENT ON FUNCTION shop.actor_source() IS
    'The role that acts, as the source of a tracking event (S4).';
