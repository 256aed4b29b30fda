CREATE OR REPLACE FUNCTION shop.webhook_secret() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN 'whsec_' || encode(gen_random_bytes(32), 'base64');
END
$$;

COMMENT ON FUNCTION shop.webhook_secret() IS
    'A new secret, as Standard Webhooks writes it.';
