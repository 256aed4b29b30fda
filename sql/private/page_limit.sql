CREATE OR REPLACE FUNCTION shop.page_limit(p_limit int4) RETURNS int4
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(greatest(coalesce(p_limit, 20), 1), 100);

COMMENT ON FUNCTION shop.page_limit(int4) IS
    'How many rows a list answers: 20 unless told, 100 at most.';
