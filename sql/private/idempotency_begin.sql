CREATE OR REPLACE FUNCTION shop.idempotency_begin(
    p_user uuid, p_route text, p_key text, p_fingerprint text)
RETURNS api.answer
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_kept    idempotency_keys;
    v_answer  api.answer;
BEGIN
    -- the lock goes after the commit is seen, so the next statement sees
    -- the answer of whoever had it

    IF NOT pg_try_advisory_xact_lock(
               hashtextextended(concat_ws(' ', p_user, p_route, p_key), 0))
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM011',
            MESSAGE = 'The first request with this Idempotency-Key is still '
                      'running.';
    END IF;

    SELECT * INTO v_kept
      FROM idempotency_keys
     WHERE user_id = p_user AND route = p_route AND key = p_key
       AND created_at > now() - interval '24 hours';

    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF v_kept.fingerprint <> p_fingerprint THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM010',
            MESSAGE = 'This Idempotency-Key was used for another request.';
    END IF;

    v_answer.http_status := v_kept.http_status;
    v_answer.body := v_kept.body;
    v_answer.replayed := true;

    RETURN v_answer;
END
$$;

COMMENT ON FUNCTION shop.idempotency_begin(uuid, text, text, text) IS
    'The answer that this key got before, or NULL: then the request is to '
    'be done, and its answer kept with idempotency_end(). Raises OM010, '
    'OM011 (draft-ietf-httpapi-idempotency-key-header).';
