CREATE OR REPLACE FUNCTION shop.amount(p_amount numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim_scale(p_amount);

COMMENT ON FUNCTION shop.amount(numeric) IS
    'An amount as JSON has it: exact, without trailing zeros.';
