-- The parser of full-text search would keep ORD-2026-000123 together with
-- its hyphens, and an e-mail address whole: nothing but all of it would be
-- found.

CREATE OR REPLACE FUNCTION shop.search_words(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(left(p_text, 20000), '-/@._:+#', '        ');

COMMENT ON FUNCTION shop.search_words(text) IS
    'A text with its words apart, as the search has them.';
