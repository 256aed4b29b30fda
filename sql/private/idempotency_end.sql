CREATE OR REPLACE FUNCTION shop.idempotency_end(
    p_user uuid, p_route text, p_key text, p_fingerprint text,
    p_answer api.answer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    INSERT INTO idempotency_keys
           (user_id, route, key, fingerprint, http_status, body)
    VALUES (p_user, p_route, p_key, p_fingerprint, p_answer.http_status,
            p_answer.body)
    ON CONFLICT (user_id, route, key) DO UPDATE
       SET fingerprint = excluded.fingerprint,
           http_status = excluded.http_status,
           body = excluded.body,
           created_at = excluded.created_at;
END
$$;

COMMENT ON FUNCTION
    shop.idempotency_end(uuid, text, text, text, api.answer) IS
    'Keeps an answer for 24 hours.';
