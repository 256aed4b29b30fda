CREATE OR REPLACE FUNCTION shop.webhook_body(
    p_event text, p_time timestamptz, p_data json)
RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT row_to_json(b)::text
      FROM (SELECT p_event AS type, shop.iso(p_time) AS timestamp,
                   p_data AS data) b;
END;

COMMENT ON FUNCTION shop.webhook_body(text, timestamptz, json) IS
    'What is sent to an endpoint, as Standard Webhooks has it.';
