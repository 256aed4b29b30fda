CREATE OR REPLACE FUNCTION shop.wrapped(
    p_text text, p_indent text DEFAULT '', p_width int4 DEFAULT 72)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_text  text := '';
    v_line  text := p_indent;
    v_word  text;
BEGIN
    FOREACH v_word IN ARRAY string_to_array(plain(p_text), ' ') LOOP
        IF v_line <> p_indent
           AND length(v_line) + 1 + length(v_word) > p_width
        THEN
            v_text := v_text || v_line || E'\n';
            v_line := p_indent || v_word;

        ELSE
            v_line := v_line
                      || CASE WHEN v_line = p_indent THEN '' ELSE ' ' END
                      || v_word;
        END IF;
    END LOOP;

    RETURN v_text || v_line || E'\n';
END
$$;

COMMENT ON FUNCTION shop.wrapped(text, text, int4) IS
    'A text in lines of this many characters at most, where its words allow '
    'it, each behind the indent.';
