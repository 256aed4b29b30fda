CREATE OR REPLACE FUNCTION shop.password_hash(p_password text) RETURNS text
LANGUAGE sql VOLATILE
SET search_path = shop, pg_temp
AS $$
    SELECT crypt(p_password, gen_salt('bf', 8));
$$;

COMMENT ON FUNCTION shop.password_hash(text) IS
    'A password as users.password_hash keeps it (bcrypt).';
