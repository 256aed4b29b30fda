-- Where the primary is, and what is no standby of it.

\ir prelude.psql

SELECT no_plan();

SELECT is((SELECT epoch FROM api.position()), shop.epoch(),
          'position() has the timeline');

SELECT ok((SELECT lsn FROM api.position()) <= pg_current_wal_insert_lsn(),
          'and what is flushed');

SELECT is((SELECT count(*)::int FROM shop.timeline), 1,
          'the timeline is one row');

SELECT api.automate() \g /dev/null

SELECT is((SELECT epoch FROM shop.timeline), shop.epoch(),
          'automate() keeps it for the standbys');

SELECT throws_ok(
    $$ SELECT api.replayed('0/0', shop.epoch(), 0) $$, '57P03', NULL,
    'replayed() refuses a primary');

SELECT is_empty($$
    SELECT oid::regprocedure FROM pg_proc
     WHERE pronamespace = 'api'::regnamespace
       AND proname ~ '^(list_|search_)|^get_(order_analytics|user_stats)$'
       AND provolatile = 'v' $$,
    'what a standby may answer writes nothing');

SELECT * FROM finish();
ROLLBACK;
