# Polls while the change feed cannot read, or the database cannot be reached.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;


sub poll {
    return call('GET /api/order-status/' . shift, as => 'buyer', @_);
}


sub cache_of {
    return poll(shift)->{headers}{'x-order-cache'} // '';
}


sub feed {
    sql(shift() ? 'GRANT EXECUTE ON FUNCTION api.feed_read(text) TO order_api'
            : 'REVOKE EXECUTE ON FUNCTION api.feed_read(text) FROM order_api');
}


# Lets nobody in any more, and throws out who is in; or lets them in again.
sub database_open {
    my $open = shift() ? 'true' : 'false';
    my $name = database();

    OrderTest::psql('postgres',
                    "ALTER DATABASE $name WITH ALLOW_CONNECTIONS $open");
    OrderTest::psql('postgres', "SELECT pg_terminate_backend(pid)
                                   FROM pg_stat_activity
                                  WHERE datname = '$name'")
        if $open eq 'false';
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a hit is marked stale while the feed cannot read, and tells its age
--- play
my $id = order_now('a');

is poll($id)->{code}, 200, 'cached';
feed(0);
ok wait_until(sub { cache_of($id) eq 'STALE' }), 'STALE';

my $got = poll($id);
is $got->{code}, 200, 'answered';
cmp_ok $got->{headers}{age}, '>=', 2, 'it is as old as the feed';
is decoded($got)->{status}, 'pending', 'what was known';

order_set($id, 'confirmed');
is decoded(poll($id))->{status}, 'pending', 'a change is not seen';

feed(1);
ok wait_until(sub { cache_of($id) eq 'HIT' }), 'HIT again';
is decoded(poll($id))->{status}, 'confirmed', 'and the change with it';
--- error_log
the change feed cannot read


=== TEST 2: order_feed_timeout is when that begins
--- order
order_feed_timeout 300ms;
--- play
my $id = order_now('b');

poll($id);
ok wait_until(sub { cache_of($id) eq 'STALE' }), 'between two reads';


=== TEST 3: what is older than order_stale is read anew
--- order
order_stale 3s;
--- play
my $id = order_now('c');

poll($id);
feed(0);
order_set($id, 'confirmed');
ok wait_until(sub { cache_of($id) eq 'EXPIRED' }), 'EXPIRED';
is decoded(poll($id))->{status}, 'confirmed', 'with the change';
feed(1);
ok wait_until(sub { cache_of($id) eq 'HIT' }), 'HIT again';
--- error_log
the change feed cannot read


=== TEST 4: without the database what is known is answered, what is not is 503
--- order
order_stale 4s;
--- play
my ($id, $cold) = (order_now('d'), order_id('d2'));

is poll($id)->{code}, 200, 'cached';
database_open(0);

ok wait_until(sub { cache_of($id) eq 'STALE' }), 'known: STALE';
is poll($id)->{code}, 200, 'answered';

my $got = poll('00000000-0000-7000-8000-0000000000aa');
is_problem $got, 503, 'DATABASE_UNAVAILABLE', 'unknown';
ok $got->{headers}{'retry-after'} >= 1, 'with Retry-After';

$got = call('POST /seller/update-order-status', as => 'seller',
            form => "order_id=$id&new_status=confirmed");
is_problem $got, 503, 'DATABASE_UNAVAILABLE', 'a change';
ok $got->{headers}{'retry-after'} >= 1, 'with Retry-After';

ok wait_until(sub { poll($id)->{code} == 503 }), 'too old: not any more';

database_open(1);
ok wait_until(sub { cache_of($id) eq 'HIT' }), 'all is well again';
ok wait_until(sub { poll($cold)->{code} == 200 }, 5), 'for others too';
ok wait_until(sub {
    call('POST /seller/update-order-status', as => 'seller',
         form => "order_id=$id&new_status=confirmed")->{code} == 200;
}, 5), 'and for changes';
is sql("SELECT version FROM shop.orders WHERE id = '$id'"), 2, 'made once';
--- no_error_log
[emerg]
