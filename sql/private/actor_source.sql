CREATE OR REPLACE FUNCTION shop.actor_source() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('shop.source', true), ''),
                CASE shop.actor_role()
                     WHEN 'customer' THEN 'buyer'
                     WHEN 'manager' THEN 'seller'
                     ELSE shop.actor_role()
                END);

COMMENT ON FUNCTION shop.actor_source() IS
    'Where a change comes from, as S4''s event_source: what note() said, '
    'else the role that acts.';
