-- What is over is never read but for what was given up.

CREATE OR REPLACE FUNCTION shop.outbox_metrics() RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
    c_most  CONSTANT int4 := 100000;
BEGIN
    RETURN (
        WITH samples AS (
            SELECT 'outbox_waiting' AS family,
                   format('{kind="%s"}', k.kind) AS labels,
                   (SELECT count(*)
                      FROM (SELECT FROM outbox o
                             WHERE o.state = 'waiting' AND o.kind = k.kind
                             LIMIT c_most) w)::numeric AS value
              FROM unnest(ARRAY['mail', 'webhook']) AS k (kind)
             UNION ALL
            SELECT 'outbox_oldest_seconds', format('{kind="%s"}', k.kind),
                   coalesce((SELECT round(greatest(extract(
                                 epoch FROM now() - o.created_at), 0), 3)
                               FROM outbox o
                              WHERE o.state = 'waiting' AND o.kind = k.kind
                              ORDER BY o.created_at
                              LIMIT 1), 0)
              FROM unnest(ARRAY['mail', 'webhook']) AS k (kind)
             UNION ALL
            SELECT 'outbox_failed', format('{kind="%s"}', k.kind),
                   (SELECT count(*)
                      FROM (SELECT FROM outbox o
                             WHERE o.state = 'failed' AND o.kind = k.kind
                               AND o.state <> 'waiting'
                             LIMIT c_most) f)
              FROM unnest(ARRAY['mail', 'webhook']) AS k (kind)
             UNION ALL
            SELECT 'outbox_attempts_total',
                   format('{kind="%s",result="%s"}', c.kind, c.result), c.n
              FROM outbox_counts c
        )
        SELECT string_agg(
                   format(E'# HELP nginx_order_%s %s\n# TYPE nginx_order_%s '
                          '%s\n', f.family, f.help, f.family, f.type)
                   || (SELECT string_agg(format(E'nginx_order_%s%s %s\n',
                                                f.family, s.labels, s.value),
                                         '' ORDER BY s.labels)
                         FROM samples s
                        WHERE s.family = f.family), '' ORDER BY f.n)
          FROM (VALUES
                   (1, 'outbox_waiting', 'gauge',
                    'Mails and webhooks that wait to be sent, at most '
                    '100000.'),
                   (2, 'outbox_oldest_seconds', 'gauge',
                    'Age of the oldest one that waits.'),
                   (3, 'outbox_failed', 'gauge',
                    'Those given up that are still kept, at most 100000.'),
                   (4, 'outbox_attempts_total', 'counter',
                    'Attempts to send one.')
               ) AS f (n, family, type, help));
END
$$;

COMMENT ON FUNCTION shop.outbox_metrics() IS
    'How mail and webhooks out are doing, as Prometheus text; a part of what '
    'api.order_metrics() answers.';
