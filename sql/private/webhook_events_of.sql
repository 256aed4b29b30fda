CREATE OR REPLACE FUNCTION shop.webhook_events_of(p_events jsonb)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_events IS NULL
            THEN '{order.created,order.deleted,order.status_changed,
                   order.updated}'::text[]
            ELSE ARRAY(SELECT DISTINCT e
                         FROM jsonb_array_elements_text(p_events) e
                        ORDER BY e) END;

COMMENT ON FUNCTION shop.webhook_events_of(jsonb) IS
    'The events that an endpoint asks for; NULL: all.';
