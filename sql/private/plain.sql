CREATE OR REPLACE FUNCTION shop.plain(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(regexp_replace(p_text,
    '[\s\u0001-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+',
    ' ', 'g'));

COMMENT ON FUNCTION shop.plain(text) IS
    'A text as one line: without line ends and other control characters, '
    'also those that turn the direction.';
