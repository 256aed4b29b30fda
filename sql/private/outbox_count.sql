CREATE OR REPLACE FUNCTION shop.outbox_count(
    p_kind text, p_result text, p_n int8)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    UPDATE outbox_counts SET n = n + p_n
     WHERE kind = p_kind AND result = p_result;
END
$$;

COMMENT ON FUNCTION shop.outbox_count(text, text, int8) IS
    'Counts attempts: the last thing that a transaction does, for others '
    'wait for it.';
