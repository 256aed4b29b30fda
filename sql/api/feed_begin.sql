CREATE OR REPLACE FUNCTION api.feed_begin()
RETURNS TABLE (snapshot text, epoch int4, revision int4)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT epoch() || '/' || pg_current_snapshot(), epoch(), r.revision
      FROM revision r;
END
$$;

COMMENT ON FUNCTION api.feed_begin() IS
    'Where the change feed stands now. "snapshot" is to be given to '
    'feed_read() as it is. Source: S3, real-time updates. Errors: none.';
