-- What the triggers write into the history besides who acted.  Like act(), it
-- lasts for the transaction.

CREATE OR REPLACE FUNCTION shop.note(
    p_reason text, p_notes text, p_metadata jsonb DEFAULT NULL,
    p_source text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM set_config('shop.reason', coalesce(p_reason, ''), true),
            set_config('shop.notes', coalesce(p_notes, ''), true),
            set_config('shop.metadata',
                       coalesce(nullif(jsonb_strip_nulls(p_metadata),
                                       '{}')::text, ''), true),
            set_config('shop.source', coalesce(p_source, ''), true);
END
$$;

COMMENT ON FUNCTION shop.note(text, text, jsonb, text) IS
    'Reason, notes, metadata (an object, without its nulls) and source of '
    'the changes that follow in this transaction.';
