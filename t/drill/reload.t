# nginx is reloaded again and again under polls: none fails, and the cache
# stays.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $reloads = scaled(5, 50);

my $node = node(database => 'connections=2', http => 'order_feed_timeout 15s;');
my $client = $node->client('buyer');
my @orders = map { place($client) } 1 .. 100;

$client->poll($_) for @orders, @orders;


# Polls, one after the other; a kept connection may be closed while it is
# idle, as HTTP allows, and then the request is sent anew.
sub poller {
    my $client = $node->client('buyer', timeout => 5);
    my (%count, $failed);
    my $start = time;

    while (!stopped) {
        my $id = $orders[rand @orders];
        my $kept = $client->{socket};
        my $answer = $client->poll($id);

        if (($answer->{error} // '') eq 'closed' && $kept) {
            $count{resent}++;
            $answer = $client->poll($id);
        }

        $count{polls}++;
        $count{ $answer->{cache} // 'none' }++;
        $client->fault($answer->{error} // $answer->{status})
            if ($answer->{status} // 0) != 200;
    }

    return { $client->result, count => \%count, seconds => time - $start };
}


sub count {
    my %count;

    for my $result (@_) {
        $count{$_} += $result->{count}{$_} for keys %{ $result->{count} };
    }

    return %count;
}


sql('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
sql('SELECT pg_stat_statements_reset()');
$node->mark;

spawn('poller', \&poller) for 1 .. 4;
sleep 0.5;

my (@leave, $seen);

for (1 .. $reloads) {
    my %old = map { $_ => 1 } $node->workers;

    $node->reload;
    push @leave, wait_until(10, sub {
        !grep { $old{$_} } Drill::children($node->{pid});
    }) // 10;
    sleep 0.3 + rand 0.4;
}

my @results = stop_all();
my %count = count(@results);

is_deeply([map { @{ $_->{faults} } } @results], [],
          'no poll failed, none went backwards');

# reloads that follow each other at once may keep the feed from its holders

my $stale = $count{STALE} // 0;
is($count{HIT} + $stale, $count{polls},
   "all of $count{polls} polls were answered from the cache");
cmp_ok($stale, '<', $count{polls} / 100, 'hardly any of them stale');
is(statements('order_records'), 0, 'and nothing was read again');
unlike($node->log, qr/is new|orders were loaded/, 'the zone was kept');
cmp_ok(max(@leave), '<', 5, 'old workers leave');

sleep 1.5;
is(feed_backends(), 1, 'one session listens');
is(scalar($node->workers), 2, 'as many workers as before');

my $id = $orders[0];
my $version = sql("UPDATE shop.orders SET order_notes = 'x' WHERE id = '$id'"
                  . ' RETURNING version');
ok(wait_until(2, sub { ($client->poll($id)->{version} // 0) >= $version }),
   'a change arrives after the reloads');

diag(sprintf "%d reloads, %.0f polls/s, %d sent anew; old workers left in"
     . " p50 %.2f max %.2f s", $reloads,
     $count{polls} / max(map { $_->{seconds} } @results),
     $count{resent} // 0, quantile(0.5, @leave), max(@leave));


# --- another size

$node->mark;
spawn('poller', \&poller) for 1 .. 2;
sleep 0.3;
$node->configure(zone => '12m tokens=1m');
$node->reload;
ok(wait_until(5, sub { $node->log =~ /orders were loaded in/ }),
   'a zone of another size is loaded');
like($node->log, qr/order_zone "orders" is new/, 'and the log says so');
sleep 0.5;
@results = stop_all();
is_deeply([map { @{ $_->{faults} } } @results], [], 'no poll failed');

my ($rows, @differ) = same_as_database($node);
is_deeply(\@differ, [], 'the cache equals the database');
is_deeply([$node->alarms], [], 'nothing alarmed');

done_testing();
