-- What a name resolves to is checked by the dispatcher, at each attempt.  A
-- host whose last label begins with a digit is an address, in the one form
-- that all read alike, or it is nothing.

CREATE OR REPLACE FUNCTION shop.check_webhook_url(p_url text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    c_byte      CONSTANT text := '(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])';
    v_settings  outbox_settings;
    v_parts     text[];
    v_host      text;
    v_address   inet;
    v_wrong     text;
BEGIN
    SELECT * INTO v_settings FROM outbox_settings;

    v_parts := regexp_match(p_url, '^(https?)://'
        '(\[[0-9a-fA-F:.]+\]|[^\[\]:/?#@]+)(:[0-9]{1,5})?([/?].*)?$');
    v_host := lower(v_parts[2]);

    IF v_host ~ '^\[' OR v_host ~ ('^' || c_byte || '(\.' || c_byte || '){3}$')
    THEN
        BEGIN
            v_address := btrim(v_host, '[]')::inet;
        EXCEPTION WHEN invalid_text_representation THEN
            v_host := '';
        END;
    END IF;

    v_wrong := CASE
        WHEN p_url !~ '^[!-~]+$' OR p_url ~ '["<>\\^`{|}]' THEN
            'must be of the characters of a URL'
        WHEN p_url ~ '#' THEN
            'must not have a fragment'
        WHEN p_url ~ '^[a-z]+://[^/?]*@' THEN
            'must not have a user name or a password'
        WHEN v_parts IS NULL
             OR v_parts[1] = 'http' AND NOT v_settings.webhook_http THEN
            CASE WHEN v_settings.webhook_http
                 THEN 'must be an http or https URL'
                 ELSE 'must be an https URL' END
        WHEN substr(v_parts[3], 2)::int4 NOT BETWEEN 1 AND 65535 THEN
            'must have a port from 1 to 65535'
        WHEN v_address IS NULL
             AND (length(v_host) > 253
                  OR v_host !~ ('^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*'
                                '[a-z]([a-z0-9-]{0,61}[a-z0-9])?\.?$')) THEN
            'must have the name or the address of a host'
        WHEN NOT v_settings.webhook_private
             AND (NOT is_public_address(v_address)
                  OR v_address IS NULL
                     AND v_host ~ ('^[^.]+\.?$'
                                   '|\.(localhost|local|internal)\.?$')) THEN
            'must be on the Internet'
        END;

    IF v_wrong IS NOT NULL THEN
        PERFORM refuse_field('url', v_wrong);
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_webhook_url(text) IS
    'Raises OM004 for a URL that nothing is sent to: https only, without '
    'user and fragment, not in a private network, but where the settings '
    'allow it.';
