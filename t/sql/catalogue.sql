-- What holds for every object of the schema, and what the module may do.

\ir prelude.psql

SELECT no_plan();

CREATE TEMP VIEW functions AS
SELECT p.oid, n.nspname, p.proname, p.oid::regprocedure AS name, p.prosecdef,
       p.proconfig, p.prosqlbody, p.prorettype, p.provolatile, p.proowner,
       p.prokind, obj_description(p.oid, 'pg_proc') AS comment, p.prosrc,
       l.lanname
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
 WHERE n.nspname IN ('api', 'dispatch', 'shop')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = p.oid AND d.deptype = 'e');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE nspname IN ('api', 'dispatch')
                      AND NOT prosecdef $$,
                'every function of api and dispatch is SECURITY DEFINER');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE nspname = 'shop' AND prosecdef
                      AND proname <> 'outbox_at_commit' $$,
                'no helper is SECURITY DEFINER');

SELECT is((SELECT prorettype::regtype::text FROM functions
            WHERE proname = 'outbox_at_commit'), 'trigger',
          'but a trigger, which nobody can call');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE prosqlbody IS NULL
                      AND (proconfig IS NULL OR NOT
                           'search_path=shop, pg_temp' = ANY (proconfig)) $$,
                'every function sets search_path, or bound its names when '
                'it was made');

SELECT is_empty($$ SELECT name FROM functions WHERE comment IS NULL $$,
                'every function has a comment');

SELECT is_empty($$ SELECT name FROM functions
                    WHERE nspname IN ('api', 'dispatch')
                      AND (comment !~ '\mSource: ' OR comment !~ '\mErrors') $$,
                'the comment of a function of api or dispatch names document '
                'and errors');

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
                                             'dispatch'::regnamespace,
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

-- the module's role, and the dispatcher's

CREATE TEMP VIEW roles (name, own, other) AS
VALUES ('order_api', 'api', 'dispatch'), ('order_dispatch', 'dispatch', 'api');

SELECT is_empty(format($$
           SELECT c.oid::regclass FROM pg_class c
            WHERE c.relnamespace IN ('api'::regnamespace,
                                     'dispatch'::regnamespace,
                                     'shop'::regnamespace)
              AND CASE WHEN c.relkind = 'S'
                  THEN has_sequence_privilege(%1$L, c.oid,
                           'USAGE, SELECT, UPDATE')
                  WHEN c.relkind IN ('r', 'p', 'v')
                  THEN has_table_privilege(%1$L, c.oid,
                           'SELECT, INSERT, UPDATE, DELETE, TRUNCATE,'
                           'REFERENCES, TRIGGER')
                       OR has_any_column_privilege(%1$L, c.oid,
                           'SELECT, INSERT, UPDATE, REFERENCES')
                  END $$, name),
           name || ' has no right to any table or sequence')
  FROM roles;

SELECT is_empty(format($$
           SELECT name FROM functions
            WHERE (nspname = %2$L)
                  <> has_function_privilege(%1$L, oid, 'EXECUTE') $$,
                       name, own),
           name || ' may execute the functions of ' || own
           || ', and no other')
  FROM roles;

SELECT is_empty(format($$
           SELECT p.oid::regprocedure FROM pg_proc p
            WHERE p.pronamespace = %L::regnamespace
              AND (p.proacl IS NULL
                   OR EXISTS (SELECT FROM aclexplode(p.proacl) a
                               WHERE a.grantee = 0)) $$, own),
           'PUBLIC may execute nothing of ' || own)
  FROM roles;

SELECT ok(NOT has_schema_privilege(name, 'shop', 'USAGE')
          AND NOT has_schema_privilege(name, 'shop', 'CREATE')
          AND NOT has_schema_privilege(name, other, 'USAGE')
          AND NOT has_schema_privilege(name, other, 'CREATE'),
          name || ' does not get into shop or ' || other)
  FROM roles;
SELECT ok(has_schema_privilege(name, own, 'USAGE')
          AND NOT has_schema_privilege(name, own, 'CREATE'),
          name || ' gets into ' || own || ', and makes nothing there')
  FROM roles;
SELECT ok(NOT has_database_privilege(name, current_database(),
                                     'CREATE, TEMPORARY'),
          name || ' makes no schema and no temporary table')
  FROM roles;
SELECT ok(NOT has_schema_privilege(name, 'public', 'CREATE'),
          name || ' makes nothing in public')
  FROM roles;
SELECT is_empty(format('SELECT FROM pg_auth_members
                         WHERE member = %L::regrole', name),
                name || ' is a member of nothing')
  FROM roles;
SELECT ok(NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb
          AND NOT rolreplication AND NOT rolbypassrls AND rolcanlogin,
          rolname || ' may log in, and that is all')
  FROM pg_roles WHERE rolname IN (SELECT name FROM roles);

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
