# nginx starts with many open orders: it answers from the first second, and is
# warm soon, without a burst of single queries.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $orders = scaled(100_000, 1_000_000);
my $zone = scaled('32m', '256m');

database();
Drill::pg_shell('pg_env "$1"; PGDATABASE=$2 pg_sql -v orders=$3'
                . ' -f sql/fill.sql', database(), $orders);
sql('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
sql('SELECT pg_stat_statements_reset()');

my $node = node(later => 1, zone => "$zone tokens=1m");


sub id {
    return sprintf '00000001-0000-7000-8000-%012x', shift;
}


my $begin = time;
my $file = work() . '/begun';

spawn('poller', sub {
    my $client = $node->client('buyer', timeout => 10);
    my (%count, %second, $first);

    while (!stopped) {
        my $id = id(1 + int rand $orders);
        my $answer = $client->poll($id);

        if (($answer->{error} // '') eq 'connect') {
            sleep 0.005;
            next;
        }

        $first //= time - $begin;
        $count{ $answer->{status} // $answer->{error} }++;
        $second{ int(time - $begin) }{ $answer->{cache} // 'none' }++;
        $client->fault("$id: " . ($answer->{error} // $answer->{status}))
            if ($answer->{status} // 0) != 200
               || $answer->{version} != 1 || $answer->{state} ne 'pending';
    }

    return { $client->result, count => \%count, first => $first,
             second => \%second };
}) for 1 .. 3;

$node->start;
my $warm = wait_until(60, sub { $node->log =~ /orders were loaded in/ });
sleep scaled(2, 5);

my @results = stop_all();
my ($loaded, $ms) = $node->log =~ /(\d+) open orders were loaded in (\d+) ms/;

is_deeply([map { @{ $_->{faults} // [] } } @results], [],
          'every poll is answered, from the first on, and right');
is($loaded, $orders, 'all open orders were loaded');
cmp_ok($ms // 1e9, '<', scaled(2000, 10_000), "in $ms ms");

my $polls = sum0(map { $_->{polls} // 0 } @results);
my $misses = sum0(map { $_->{cache}{MISS} // 0 } @results);
my $reads = statements('order_records');

cmp_ok($reads, '<=', $misses, "$reads queries for $misses misses");
is(statements('open_orders'), 1, 'one query brings all');

my $client = $node->client('buyer');
my $hits = 0;
for (1 .. 1000) {
    $hits++ if ($client->poll(id(1 + int rand $orders))->{cache} // '')
               eq 'HIT';
}
cmp_ok($hits, '>=', 995, 'then they are in memory');
is_deeply($client->{faults}, [], 'and right');
is_deeply([$node->alarms], [], 'nothing alarmed');

diag(sprintf "%d orders in %d ms, warm %.2f s after the start's end; first"
     . " answer after %.2f s; %d polls, %d misses, %d queries for them; hits"
     . " by second: %s", $orders, $ms // -1, $warm // -1,
     min(map { $_->{first} // 99 } @results), $polls, $misses, $reads,
     join ' ', map { my $s = $_; sprintf '%d:%d/%d', $s,
         sum0(map { $_->{second}{$s}{HIT} // 0 } @results),
         sum0(map { values %{ $_->{second}{$s} // {} } } @results) } 0 .. 5);

done_testing();
