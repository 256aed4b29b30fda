# What others change in the database shows, in each worker and on each nginx.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

master_on();
workers(3);


# Polls on connections of their own, which spread over the workers: true when
# all of them show the condition.
sub all_show {
    my ($id, $show, %how) = @_;

    return wait_until(sub {
        !grep { !$show->($_) }
              call_all(map { ["GET /api/order-status/$id", as => 'buyer',
                              %how] } 1 .. 30)
    });
}


sub cache_is {
    my $is = shift;

    return sub { ($_[0]{headers}{'x-order-cache'} // '') eq $is };
}


sub status_is {
    my $is = shift;

    return sub { (decoded($_[0])->{status} // '') eq $is };
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an UPDATE in psql shows in the polls of every worker, as a hit
--- play
my $id = order_id('a');

ok all_show($id, cache_is('HIT')), 'it is in the cache';

my $before = queries('order_records');

for my $to (qw(confirmed processing shipped delivered)) {
    order_set($id, $to);
    ok all_show($id, status_is($to)), $to;
}

is queries('order_records'), $before, 'without a query for it';


=== TEST 2: and on a second nginx
--- play
my $port = second_nginx();
my $id = order_id('b');

ok all_show($id, cache_is('HIT')), 'here';
ok all_show($id, cache_is('HIT'), port => $port), 'there';

order_set($id, 'confirmed');
ok all_show($id, status_is('confirmed'), port => $port), 'psql, there';
ok all_show($id, status_is('confirmed')), 'psql, here';

is call('POST /seller/update-order-status', as => 'seller', form =>
        "order_id=$id&new_status=processing")->{code}, 200, 'changed here';
is decoded(call("GET /api/order-status/$id", as => 'buyer'))->{status},
    'processing', 'seen here at once';
ok all_show($id, status_is('processing'), port => $port), 'and there';


=== TEST 3: nobody sees an older version after a newer one
--- play
my $id = order_id('back');
my $on = connection();
my ($last, $back) = (0, 0);

ok all_show($id, cache_is('HIT')), 'it is in the cache';

for my $i (1 .. 8) {
    sql("UPDATE shop.orders SET order_notes = '$i' WHERE id = '$id'");

    for (1 .. 30) {
        my $version = decoded(call("GET /api/order-status/$id",
                                   as => 'buyer', on => $on))->{version};

        $back++ if $version < $last;
        $last = $version;
    }
}

is $back, 0, 'never backwards';
ok wait_until(sub { decoded(call("GET /api/order-status/$id", as => 'buyer'))
                        ->{version} == 9 }), 'and the newest in the end';


=== TEST 4: an order that is deleted is 404
--- play
my $id = order_id('gone', status => 'cancelled');

is call("GET /api/order-status/$id", as => 'buyer')->{code}, 200, 'there';
sql("DELETE FROM shop.orders WHERE id = '$id'");
ok all_show($id, sub { $_[0]{code} == 404 }), 'gone';


=== TEST 5: another manager of the store may poll, and the old one may not
--- play
my $id = order_id('store');

is call("GET /api/order-status/$id", as => 'seller')->{code}, 200, 'old';
is_problem call("GET /api/order-status/$id", as => 'manager'),
    403, 'FORBIDDEN', 'new';

my $to = sub {
    sql("UPDATE shop.stores SET manager_id = '" . user_id(shift)
        . "' WHERE id = '" . store_id(3) . "'");
};

$to->('manager');
ok all_show($id, sub { $_[0]{code} == 403 }, as => 'seller'), 'old: not now';
ok all_show($id, sub { $_[0]{code} == 200 }, as => 'manager'), 'new: now';
$to->('seller');
ok all_show($id, sub { $_[0]{code} == 200 }, as => 'seller'), 'and back';


=== TEST 6: the worker that reads the feed dies, another one takes it over
--- play
my $id = order_id('kill');
my $log = "$ENV{TEST_NGINX_SERVROOT}/logs/error.log";

ok all_show($id, cache_is('HIT')), 'it is in the cache';

open my $in, '<', $log or die $!;
my ($holder) = map { /\[notice\] (\d+)#.*the change feed is this worker's/ }
                   <$in>;

kill 'KILL', $holder;
order_set($id, 'confirmed');
ok all_show($id, status_is('confirmed')), 'the change is seen';
--- no_error_log
[emerg]
