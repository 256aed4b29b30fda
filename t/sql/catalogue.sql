-- What holds for every object of the schema, and what the module may do.

\ir prelude.psql

SELECT no_plan();

CREATE TEMP VIEW functions AS
SELECT p.oid, n.nspname, p.proname, p.oid::regprocedure AS name, p.prosecdef,
       p.proconfig, p.prosqlbody, p.provolatile, p.proowner, p.prokind,
       obj_description(p.oid, 'pg_proc') AS comment, p.prosrc, l.lanname
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
 WHERE n.nspname IN ('api', 'shop')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = p.oid AND d.deptype = 'e');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE nspname = 'api' AND NOT prosecdef $$,
                'every function of api is SECURITY DEFINER');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE nspname = 'shop' AND prosecdef $$,
                'no helper is SECURITY DEFINER');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE prosqlbody IS NULL
                      AND (proconfig IS NULL OR NOT
                           'search_path=shop, pg_temp' = ANY (proconfig)) $$,
                'every function sets search_path, or bound its names when '
                'it was made');

SELECT is_empty($$ SELECT name FROM functions WHERE comment IS NULL $$,
                'every function has a comment');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE nspname = 'api'
                      AND (comment !~ '\mSource: ' OR comment !~ '\mErrors') $$,
                'the comment of a function of api names document and errors');

SELECT is_empty($$ SELECT name, code FROM functions,
                          regexp_matches(prosrc, '''(OM\d{3})''', 'g')
                              AS m (code)
                    WHERE nspname = 'api' AND comment !~ m.code[1] $$,
                'a function of api names every error that it raises');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE proowner <> 'order_owner'::regrole $$,
                'order_owner owns every function');

SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c
                    WHERE c.relnamespace IN ('api'::regnamespace,
                                             'shop'::regnamespace)
                      AND c.relowner <> 'order_owner'::regrole $$,
                'order_owner owns every table');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE lanname = 'plpgsql' AND prosrc ~* '\mexecute\M' $$,
                'no statement is built from strings');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE nspname = 'api' AND proname ~ '^(get|list)_|records'
                      AND provolatile = 'v' $$,
                'functions that only read say so');

SELECT is((SELECT provolatile::text FROM functions
            WHERE proname = 'feed_read'), 's',
          'feed_read sees one snapshot: it is STABLE');

SELECT is_empty($$ SELECT proname FROM functions WHERE nspname = 'api'
                    GROUP BY proname HAVING count(*) > 1 $$,
                'no function of api has two forms');

-- the module's role

SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c
                    WHERE c.relnamespace IN ('api'::regnamespace,
                                             'shop'::regnamespace)
                      AND CASE WHEN c.relkind = 'S'
                          THEN has_sequence_privilege('order_api', c.oid,
                                   'USAGE, SELECT, UPDATE')
                          WHEN c.relkind IN ('r', 'p', 'v')
                          THEN has_table_privilege('order_api', c.oid,
                                   'SELECT, INSERT, UPDATE, DELETE, TRUNCATE,'
                                   'REFERENCES, TRIGGER')
                               OR has_any_column_privilege('order_api', c.oid,
                                   'SELECT, INSERT, UPDATE, REFERENCES')
                          END $$,
                'order_api has no right to any table or sequence');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE (nspname = 'api')
                          <> has_function_privilege('order_api', oid,
                                                    'EXECUTE') $$,
                'order_api may execute the functions of api, and no other');

SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p
                    WHERE p.pronamespace IN ('api'::regnamespace)
                      AND EXISTS (SELECT FROM aclexplode(p.proacl) a
                                   WHERE a.grantee = 0)
                       OR p.pronamespace = 'api'::regnamespace
                          AND p.proacl IS NULL $$,
                'PUBLIC may execute nothing of api');

SELECT ok(NOT has_schema_privilege('order_api', 'shop', 'USAGE')
          AND NOT has_schema_privilege('order_api', 'shop', 'CREATE'),
          'order_api does not get into shop');
SELECT ok(has_schema_privilege('order_api', 'api', 'USAGE')
          AND NOT has_schema_privilege('order_api', 'api', 'CREATE'),
          'order_api gets into api, and makes nothing there');
SELECT ok(NOT has_database_privilege('order_api', current_database(),
                                     'CREATE, TEMPORARY'),
          'order_api makes no schema and no temporary table');
SELECT ok(NOT has_schema_privilege('order_api', 'public', 'CREATE'),
          'order_api makes nothing in public');
SELECT is_empty($$ SELECT FROM pg_auth_members
                    WHERE member = 'order_api'::regrole $$,
                'order_api is a member of nothing');
SELECT ok(NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb
          AND NOT rolreplication AND NOT rolbypassrls AND rolcanlogin,
          'order_api may log in, and that is all')
  FROM pg_roles WHERE rolname = 'order_api';

SET LOCAL ROLE order_owner;
CREATE FUNCTION api.later() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE shop.later (x int);
RESET ROLE;
SELECT ok(NOT has_function_privilege('order_api', 'api.later()', 'EXECUTE'),
          'what is made later is not open to PUBLIC either');
SELECT ok(NOT has_table_privilege('order_api', 'shop.later', 'SELECT'),
          'nor is a table');

SET LOCAL ROLE order_api;
SELECT set_config('t.open', count(*)::text, true) FROM api.statuses();
RESET ROLE;
SELECT is(current_setting('t.open'), '32',
          'the module reads all statuses with its own role');

SELECT is_empty($$ SELECT conrelid::regclass, conname FROM pg_constraint
                    WHERE connamespace = 'shop'::regnamespace
                      AND NOT convalidated $$,
                'every constraint is valid');

SELECT * FROM finish();
ROLLBACK;
