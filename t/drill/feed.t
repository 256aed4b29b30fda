# The change feed loses its connection, its notifications and its worker, and
# reads among transactions that stay open: polls on two nodes still follow.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $cuts = scaled(10, 200);
my $samples = scaled(100, 2000);

my @nodes = map { node(name => $_, workers => 2) } qw(a b);
history();

my $buyer = $nodes[0]->client('buyer');
my @orders = map { place($buyer) } 1 .. 30;
my $dbh = dbh();


# Changes an order as psql would, and returns its new version.
sub change {
    my ($id) = @_;

    return $dbh->selectrow_array('UPDATE shop.orders SET order_notes ='
        . ' clock_timestamp()::text WHERE id = ? RETURNING version', undef,
        $id);
}


# Seconds until a poll of that node sees the version; undef: it never does.
sub seen {
    my ($client, $id, $version, $seconds) = @_;
    my $start = time;

    while (time - $start < $seconds) {
        my $answer = $client->poll($id);
        return time - $start if ($answer->{version} // 0) >= $version;
    }

    return undef;
}


# Both nodes come to the database's state.
sub converge {
    my ($what) = @_;
    my $rows = $dbh->selectall_arrayref('SELECT id, version FROM shop.orders');
    my $start = time;
    my @late;

    for my $node (@nodes) {
        my $client = $node->client('buyer');

        for my $row (@$rows) {
            my $left = $start + 2.5 - time;
            push @late, "$node->{name}: $row->[0]"
                if !defined seen($client, @$row, max(0.05, $left));
        }
    }

    is_deeply(\@late, [], "$what: both nodes converge");

    return time - $start;
}


sub poller {
    my $node = shift;
    my $client = $node->client('buyer', timeout => 5);

    while (!stopped) {
        my $answer = $client->poll($orders[rand @orders]);
        $client->fault($answer->{error} // $answer->{status})
            if ($answer->{status} // 0) != 200;
        sleep 0.001;
    }

    return { $client->result };
}


sub judge {
    my ($what, @results) = @_;
    my @never = DrillClient::never_true(dbh(), map { $_->{seen} // () }
                                        @results);

    is_deeply([map { @{ $_->{faults} // [] } } @results], [],
              "$what: every poll is answered, none goes backwards");
    is_deeply([@never[0 .. min(5, $#never)]], [],
              "$what: no answer was ever untrue");
    diag("$what: ", sum0(map { $_->{polls} // 0 } @results), ' polls');
}


$_->client('buyer')->poll($orders[0]) for @nodes;
sleep 1.5;
is(feed_backends(), 2, 'each instance has one session that listens');


# --- how fast

my @latency;
my @watchers = map { $_->client('buyer') } @nodes;

for my $watcher (@watchers) {
    $watcher->poll($_) for @orders, @orders;
}

for (1 .. $samples) {
    my $id = $orders[rand @orders];
    my $version = change($id);

    push @latency, seen($watchers[1], $id, $version, 5) // 5;
    sleep 0.002;
}

cmp_ok(quantile(0.99, @latency), '<', 0.2, 'a change is seen at once');
diag(sprintf "commit in psql -> poll on another node: p50 %.2f p99 %.2f"
     . " max %.2f ms of %d", map({ 1000 * $_ } quantile(0.5, @latency),
     quantile(0.99, @latency), max(@latency)), scalar @latency);


# --- its connection is cut again and again

sub load {
    for my $node (@nodes) {
        spawn('poller', sub { poller($node) });
    }

    spawn('psql', sub {
        $dbh = dbh();

        while (!stopped) {
            change($orders[rand @orders]);
            sleep 0.005;
        }

        return {};
    });
}


load();

for (1 .. $cuts) {
    for my $pid (backend_pids('feed_read|^listen')) {
        sql("SELECT pg_terminate_backend($pid)");
    }

    sleep 0.05 + rand 0.4;
}

my @results = stop_all();
my $seconds = converge('cut');
judge("$cuts cuts", @results);
diag(sprintf "converged in %.2f s", $seconds);


# --- notifications are lost

my @lost;

for (1 .. scaled(3, 30)) {
    $dbh->do('SET order_module.rings = on');
    my $id = $orders[rand @orders];
    my $version = change($id);
    $dbh->do('RESET order_module.rings');

    push @lost, seen($watchers[$_ % 2], $id, $version, 5) // 5;
}

cmp_ok(max(@lost), '<', 2, 'a change without a notification is seen');
diag(sprintf "without notification: p50 %.2f max %.2f s",
     quantile(0.5, @lost), max(@lost));

for (1 .. scaled(20, 200)) {
    $dbh->do("NOTIFY order_changes, 'again'");
}

ok(defined seen($watchers[0], $orders[1], change($orders[1]), 2),
   'too many notifications do no harm');


# --- transactions that stay open, and commit late and in another order

load();

for (1 .. scaled(5, 60)) {
    my @open = map { dbh() } 1 .. 3;
    my @mine = @orders[0 .. 2];
    my @version;

    for my $i (0 .. 2) {
        $open[$i]->begin_work;
        $open[$i]->do('SELECT pg_current_xact_id()');
    }

    sleep 0.1;

    for my $i (0 .. 2) {
        my $id = $mine[$i];
        $version[$i] = $open[$i]->selectrow_array(
            "UPDATE shop.orders SET order_notes = 'late' WHERE id = ?"
            . ' RETURNING version', undef, $id);
    }

    # others are not held up by them
    my $other = $orders[10];
    my $took = seen($watchers[1], $other, change($other), 5) // 5;
    push @latency, $took;

    sleep 0.05 + rand 0.3;

    for my $i (2, 0, 1) {
        $open[$i]->commit;
        my $took = seen($watchers[$i % 2], $mine[$i], $version[$i], 5) // 5;
        push @lost, $took if $took > 1;
        cmp_ok($took, '<', 2, 'what was open for long is seen') if $took > 1;
        sleep 0.02;
    }

    $_->disconnect for @open;
}

@results = stop_all();
converge('open transactions');
judge('open transactions', @results);


# --- the worker that has the feed is killed

my @takeover;

load();

for (1 .. scaled(4, 40)) {
    my $node = $nodes[$_ % 2];
    my $holder = $node->holder;

    kill 'KILL', $holder;
    push @takeover, wait_until(5, sub { $node->holder != $holder }) // 5;
    my $id = $orders[15];
    my $client = $node->client('buyer');
    cmp_ok(seen($client, $id, change($id), 5) // 5, '<', 2,
           'a change arrives after the holder was killed');
    sleep 0.2 + rand 0.3;
}

@results = stop_all();
converge('holders killed');

# a poll on a connection of the killed worker is lost with it
$_->{faults} = [grep { !/^closed|^torn$|^connect/ } @{ $_->{faults} // [] }]
    for @results;
judge('holders killed', @results);
cmp_ok(max(@takeover), '<', 2, 'another worker takes over');
diag(sprintf "takeover p50 %.2f max %.2f s", quantile(0.5, @takeover),
     max(@takeover));

is(feed_backends(), 2, 'each instance has one session that listens, still');

for my $watcher (@watchers) {
    is_deeply($watcher->{faults}, [], 'never backwards');
}

is_deeply([map { $_->alarms(qr/exited on signal 9/) } @nodes], [],
          'nothing alarmed');

done_testing();
