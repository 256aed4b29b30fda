CREATE OR REPLACE FUNCTION shop.user_name(p_first text, p_last text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(p_first || ' ' || p_last);

COMMENT ON FUNCTION shop.user_name(text, text) IS
    'A user''s name as it is shown.';
