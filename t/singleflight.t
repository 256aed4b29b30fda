# How few queries misses need.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: many polls of one cold order at once make one query
--- play
my $id = order_now('a');
my $before = queries('order_records');
my @got = call_all(map { ["GET /api/order-status/$id", as => 'buyer'] }
                       1 .. 50);

is scalar(grep { $_->{code} != 200 } @got), 0, 'all are answered';
is scalar(grep { $_->{body} ne $got[0]{body} } @got), 0, 'all the same';
is queries('order_records'), $before + 1, 'one query';


=== TEST 2: by number it makes one more at most, for those who came after it was sent
--- play
my $number = order_number('b');

order_now('b');

my $before = queries('order_records_by_number');
my @got = call_all(map { ["GET /api/order-status/$number", as => 'buyer'] }
                       1 .. 50);

is scalar(grep { $_->{code} != 200 } @got), 0, 'all are answered';
cmp_ok queries('order_records_by_number'), '<=', $before + 2, 'two at most';


=== TEST 3: of an order that there is not, too
--- play
my $before = queries('order_records');
my @got = call_all(map {
    ['GET /api/order-status/00000000-0000-7000-8000-00000000dead',
     as => 'buyer'] } 1 .. 50);

is scalar(grep { $_->{code} != 404 } @got), 0, 'all are told';
is queries('order_records'), $before + 1, 'one query';


=== TEST 4: misses of different orders travel together
--- play
my @ids = map { order_now("c$_") } 1 .. 3;

push @ids, map { sprintf '00000000-0000-7000-8000-%012d', $_ } 1 .. 57;

# while the first ones wait for a lock the others gather

my $before = queries('order_records');
my $pid = fork // die;

if ($pid == 0) {
    sql('BEGIN; LOCK TABLE shop.orders; SELECT pg_sleep(0.7); COMMIT');
    POSIX::_exit(0);
}

wait_until(sub { sql("SELECT count(*) FROM pg_locks
                       WHERE relation = 'shop.orders'::regclass
                         AND mode = 'AccessExclusiveLock'") }) or die;

my @got = call_all(map { ["GET /api/order-status/$_", as => 'buyer'] } @ids);

is_deeply [map { $_->{code} } @got], [(200) x 3, (404) x 57], 'all answered';
waitpid $pid, 0;
cmp_ok queries('order_records') - $before, '<=', 20, 'in few queries';


=== TEST 5: one who leaves does not take the answer from those who wait along
--- play
my $id = order_now('d');
my @gone = map { connection() } 1 .. 5;

OrderClient::put($_, OrderClient::text("GET /api/order-status/$id",
                                       as => 'buyer')) for @gone;
close $_ for @gone;

my @got = call_all(map { ["GET /api/order-status/$id", as => 'buyer'] }
                       1 .. 5);

is scalar(grep { $_->{code} != 200 } @got), 0, 'all are answered';
