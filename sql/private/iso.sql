CREATE OR REPLACE FUNCTION shop.iso(p_time timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

COMMENT ON FUNCTION shop.iso(timestamptz) IS
    'A time as JSON has it: UTC, ISO 8601, milliseconds.';
