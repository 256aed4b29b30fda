-- From the targets back: which statuses are how many steps away.

CREATE OR REPLACE FUNCTION shop.next_step(
    p_workflow text, p_from text, p_targets text[], p_through text[])
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (
        WITH RECURSIVE passable AS (
            SELECT id, code, code = ANY (p_targets) AS target
              FROM workflow_statuses
             WHERE workflow = p_workflow
               AND (p_through IS NULL OR phase = ANY (p_through)
                    OR code = ANY (p_targets))
        ), back (id, code, steps) AS (
            SELECT id, code, 0 FROM passable WHERE target
             UNION
            SELECT p.id, p.code, b.steps + 1
              FROM back b
              JOIN workflow_transitions t
                ON t.workflow = p_workflow AND t.to_status = b.code
              JOIN passable p ON p.code = t.from_status AND NOT p.target
             WHERE b.steps < (SELECT count(*) FROM passable)
        )
        SELECT b.code
          FROM back b
          JOIN workflow_transitions t
            ON t.workflow = p_workflow AND t.from_status = p_from
           AND t.to_status = b.code
         ORDER BY b.steps, b.id
         LIMIT 1);
END
$$;

COMMENT ON FUNCTION shop.next_step(text, text, text[], text[]) IS
    'The first step on the shortest way from a status to one of the targets, '
    'through statuses of the phases p_through only (NULL: any; empty: the '
    'step must be a target). NULL: there is no way.';
