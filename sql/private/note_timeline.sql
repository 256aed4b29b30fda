CREATE OR REPLACE FUNCTION shop.note_timeline() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_epoch  int4 := epoch();
BEGIN
    UPDATE timeline SET epoch = v_epoch WHERE epoch <> v_epoch;
END
$$;

COMMENT ON FUNCTION shop.note_timeline() IS
    'Keeps the timeline in a table, for the standbys that replay it.';
