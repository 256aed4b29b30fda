CREATE OR REPLACE FUNCTION shop.price(p_amount numeric, p_currency text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN scale(trim_scale(p_amount)) < 2 THEN round(p_amount, 2)
            ELSE trim_scale(p_amount) END || ' ' || p_currency;

COMMENT ON FUNCTION shop.price(numeric, text) IS
    'An amount as people read it: exact, with two digits at least.';
