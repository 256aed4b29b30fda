-- The schedule of Standard Webhooks, the first attempt being at once; up to a
-- fifth more, so that what failed together does not come back together.

CREATE OR REPLACE FUNCTION shop.outbox_delay(p_attempt int4)
RETURNS interval
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN ('{5 s,5 min,30 min,2 h,5 h,10 h,14 h,20 h,24 h}'::interval[])
           [p_attempt] * (1 + random() / 5);

COMMENT ON FUNCTION shop.outbox_delay(int4) IS
    'How long after this attempt, if it failed, the next one is due; NULL: '
    'it was the last.';
