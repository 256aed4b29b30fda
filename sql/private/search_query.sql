-- A hyphen before a word means "not", one within a word does not.

CREATE OR REPLACE FUNCTION shop.search_query(p_q text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN websearch_to_tsquery('simple',
           translate(regexp_replace(p_q, '([^[:space:]"-])-+', '\1 ', 'g'),
                     '/@._:+#', '       '));

COMMENT ON FUNCTION shop.search_query(text) IS
    'What a user typed into a search box (words, "a phrase", or, -not), for '
    'the documents of shop.order_search.';
