# The primary of a pair is lost under load and its standby promoted, again and
# again: two nginx go on with the other one.  Then commits are lost; and then
# the old primary comes back and thinks that it still is one.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use DrillPair;
use OrderStream;
use Test::More;

my $rounds = $ENV{DRILL_ROUNDS} // scaled(2, 20);

alarm 400 + 60 * $rounds;

my $pair = DrillPair->new;
my @nodes = map {
    node(name => $_, conninfo => $pair->conninfo,
         http => 'order_push_heartbeat 1s;')
} qw(near far);

history();

my @orders = do {
    my $buyer = $nodes[0]->client('buyer');
    map { place($buyer) } 1 .. 20;
};
my %next = (pending => 'confirmed', confirmed => 'processing',
            processing => 'shipped', shipped => 'confirmed');


# --- the load


# Polls the orders that all nodes know.
sub poller {
    my $node = shift;
    my $client = $node->client('buyer', timeout => 10);
    my @answers;

    while (!stopped) {
        my $answer = $client->poll($orders[rand @orders]);

        push @answers, [time, $answer->{status} // $answer->{error},
                        $answer->{cache} // '', $answer->{ms},
                        $answer->{epoch} // 0];
        sleep 0.005;
    }

    return { $client->result, answers => \@answers, node => $node->{name} };
}


# Repeats what was not done, or is not known, until it is.  A write is what
# was answered: [start, status, milliseconds, code].
sub until_done {
    my ($writes, $request) = @_;

    for ( ;; ) {
        my $start = time;
        my $answer = $request->();
        my $status = $answer->{status} // $answer->{error};
        my ($code) = ($answer->{body} // '') =~ /"code":"(\w+)"/;

        push @$writes, [$start, $status, $answer->{ms}, $code // ''];

        return $answer
            if $status !~ /^(?:503|409)$/ || ($code // '') eq 'CONFLICT'
               || $status eq '409' && $code !~ /IDEMPOTENCY/;
        sleep 0.05;
    }
}


# Places orders, each with a key.
sub placer {
    my $node = shift;
    my $client = $node->client('buyer', timeout => 15);
    my (@writes, %placed);
    my $n = 0;

    while (!stopped) {
        my $key = "drill-$$-" . $n++;
        my $answer = until_done(\@writes, sub {
            $client->post('/api/place-order', place_body(32, 1), $key)
        });

        if (($answer->{status} // 0) == 201) {
            ($placed{$key}) = $answer->{body} =~ /"order_id":"([^"]+)"/;
        }

        sleep 0.02;
    }

    return { $client->result, writes => \@writes, placed => \%placed,
             node => $node->{name} };
}


# Moves its own orders on.
sub mover {
    my ($node, @mine) = @_;
    my $client = $node->client('seller', timeout => 15);
    my (@writes, @moved, %state);

    while (!stopped) {
        my $id = $mine[rand @mine];
        my $to = $next{$state{$id} // 'pending'};
        my $answer = until_done(\@writes,
                                sub { $client->move($id, $to) });

        if (($answer->{status} // 0) == 200) {
            my ($version) = $answer->{body} =~ /"version":\s*(\d+)/;

            push @moved, [$id, $version, $to];
            $state{$id} = $to;

        } elsif ($answer->{body} =~ /"current_status":\s*"(\w+)"/) {
            # an attempt that was not answered did it
            $state{$id} = $1;
        }

        sleep 0.02;
    }

    return { $client->result, writes => \@writes, moved => \@moved,
             node => $node->{name} };
}


# One stream for an order.
sub subscriber {
    my ($node, $id) = @_;
    my ($stream, $last, $version, @faults, %count);
    my $token = token('buyer', 86400);

    while (!stopped) {
        if (!$stream || $stream->{closed} || $stream->{ended}) {
            $count{closed}++ if $stream;
            sleep 0.05 if $stream;
            $stream = eval {
                sse("/api/orders/$id/events", port => $node->{port},
                    token => $token, last => $last);
            } or next;
            $count{ 'answered ' . $stream->{code} }++;
        }

        my $event = $stream->next(0.2);

        next if $event->{event} =~ /^(?:nothing|closed)$/;
        $last = $event->{id} if defined $event->{id};

        my $is = $event->{data}{order}{version}
                 // $event->{data}{state}{version};

        next if !defined $is;

        my $whole = $event->{event} =~ /^(?:snapshot|reset)$/;

        $count{$event->{event}}++;
        push @faults, "$event->{event} of $id: $version -> $is"
            if defined $version && ($whole ? $is < $version
                                           : $is != $version + 1);
        $version = $is;
    }

    return { faults => \@faults, count => \%count,
             resets => $count{reset} // 0 };
}


sub load {
    for my $node (@nodes) {
        my @mine = $node == $nodes[0] ? @orders[0 .. 4] : @orders[5 .. 9];

        spawn("poller $node->{name}", sub { poller($node) });
        spawn("placer $node->{name}", sub { placer($node) });
        spawn("mover $node->{name}", sub { mover($node, @mine) });
        spawn("subscriber $node->{name}", sub { subscriber($node, $_) })
            for @orders[0, 5];
    }
}


# --- what came of it


# The first of them after that moment, on each node: the later one.
sub back {
    my ($results, $list, $from, $well) = @_;
    my %first;

    for my $result (@$results) {
        for my $one (@{ $result->{$list} // [] }) {
            next if $one->[0] < $from || !$well->($one);

            my $at = $one->[0] + ($list eq 'writes' ? $one->[2] / 1000 : 0);
            my $node = $result->{node};

            $first{$node} = $at if $at < ($first{$node} // 1e12);
        }
    }

    return @nodes == keys %first ? max(values %first) - $from : 1e9;
}


sub judge {
    my ($what, $results, @promoted) = @_;
    my @answers = map { @{ $_->{answers} // [] } } @$results;
    my @writes = map { @{ $_->{writes} // [] } } @$results;
    my %placed = map { %{ $_->{placed} // {} } } @$results;
    my @moved = map { @{ $_->{moved} // [] } } @$results;
    my @failed = grep { $_->[1] ne '200' } @answers;

    is(scalar(grep { $_->{died} } @$results), 0,
       "$what: all processes of load came through");
    is(scalar @failed, 0, "$what: all of " . @answers . ' polls answered')
        or diag(join ' ', map { $_->[1] } @failed[0 .. min(9, $#failed)]);
    is_deeply([map { @{ $_->{faults} // [] } } @$results], [],
              "$what: no answer torn or backwards, subscribers are told each"
              . ' version or one reset');

    my %codes;
    $codes{"$_->[1] $_->[3]"}++
        for grep { $_->[1] !~ /^20[01]$/ } @writes;
    is(scalar(grep { !/^(?:409|503) / } keys %codes), 0,
       "$what: writes are done or refused")
        or diag(join ', ', %codes);

    my %there = map { ($_ => 1) } $pair->sql('SELECT id FROM shop.orders');
    is(scalar(grep { !$there{$_} } values %placed), 0,
       "$what: every acknowledged order is there, of " . keys %placed);
    is($pair->sql("SELECT count(*) FROM shop.idempotency_keys
                    WHERE key LIKE 'drill-%'"),
       $pair->sql("SELECT count(*) FROM shop.orders o
                     JOIN shop.order_items i ON i.order_id = o.id
                    WHERE i.product_id = '" . product_id(32) . "'")
       - @orders, "$what: one order a key");

    my %true = map { my ($id, $version, $status) = split /\|/;
                     ("$id $version" => $status) }
               $pair->sql('SELECT id, version, status FROM drill_history');
    my @lost = grep { ($true{"$_->[0] $_->[1]"} // '') ne $_->[2] } @moved;
    is_deeply([@lost[0 .. min(4, $#lost)]], [],
              "$what: every acknowledged change is there, of " . @moved);

    cmp_ok(max(map { $_->{resets} // 0 } @$results), '<=', @promoted,
           "$what: subscribers are reset once a time at most");

    my (@back, @fresh);

    for my $promoted (@promoted) {
        my ($at, $epoch) = @$promoted;

        push @back, back($results, 'writes', $at,
                         sub { $_[0][1] =~ /^20[01]$/ });
        push @fresh, back($results, 'answers', $at,
                          sub { $_[0][2] eq 'HIT' && $_[0][4] >= $epoch });
    }

    cmp_ok(max(@back), '<', 10, "$what: writes go on on both nodes");
    cmp_ok(max(@fresh), '<', 10, "$what: polls are fresh on both");

    my (%cache, %count);
    $cache{$_->[2]}++ for @answers;
    for my $result (@$results) {
        my $count = $result->{count} // {};
        $count{$_} += $count->{$_} for keys %$count;
    }

    diag(sprintf "%s: %d polls (%s), longest %.0f ms; %d orders, %d moves;"
         . " refused: %s; subscribers: %s", $what, scalar @answers,
         counts(\%cache), max(0, map { $_->[3] } @answers),
         scalar keys %placed, scalar @moved, counts(\%codes),
         counts(\%count));
    diag(sprintf "%s: after the promotion, on both nodes: writes p50 %.2f"
         . " max %.2f s, fresh polls p50 %.2f max %.2f s, of %d", $what,
         quantile(0.5, @back), max(@back), quantile(0.5, @fresh),
         max(@fresh), scalar @promoted);
    diag("$what: writes ", join ' ', map { sprintf '%.2f', $_ } @back);
}


sub counts {
    my $count = shift;

    return join ', ', map { "$_: $count->{$_}" } sort keys %$count;
}


# --- synchronous, again and again

my @promoted;

for my $node (@nodes) {
    my $client = $node->client('buyer');
    $client->poll($_) for @orders;
}

load();

for my $round (1 .. $rounds) {
    sleep 2;

    # every other time it does not answer, but nobody is told that it is gone

    $round % 2 ? $pair->lose : pg_freeze($pair->{primary});
    sleep 0.5;
    push @promoted, [$pair->promote, $round + 1];
    sleep 5;
    $pair->rebuild;
}

sleep 1;
my @results = stop_all();
judge("$rounds fail-overs", \@results, @promoted);
is($pair->timeline, 1 + $rounds, 'each had a timeline of its own');

for my $node (@nodes) {
    my ($rows, @differ) = same_as_database($node,
        'id IN (SELECT id FROM shop.orders ORDER BY id DESC LIMIT 100)');

    is_deeply(\@differ, [], "$node->{name} equals the database");
}


# --- asynchronous, with commits lost

$pair->part;

my $old = $pair->timeline;
my @changed = @orders[10 .. 14];
my %lost = map { ($_ => 'confirmed') } @changed;
my @gone;


# Polls what is about to be lost.  When a node has told the new timeline, it
# tells the lost versions no more.
sub witness {
    my $node = shift;
    my $client = $node->client('buyer', timeout => 10, lossy => 1);
    my ($known, $after, @faults) = (0, 0);

    while (!stopped) {
        my $id = $changed[rand @changed];
        my $answer = $client->poll($id);

        push @faults, "$id: " . ($answer->{status} // $answer->{error})
            if ($answer->{status} // 0) != 200;
        push @faults, "$id: $answer->{version} $answer->{state} after all"
            if $known && ($answer->{state} // '') eq $lost{$id};
        $known = 1 if ($answer->{epoch} // 0) > $old;
        $after++ if $known;
        sleep 0.002;
    }

    return { faults => [@{ $client->{faults} }, @faults], after => $after };
}


{
    my $buyer = $nodes[0]->client('buyer');
    my $seller = $nodes[0]->client('seller');

    @gone = map { place($buyer) } 1 .. 5;
    is($seller->move($_, 'confirmed')->{status}, 200, 'is acknowledged')
        for @changed;
}

for my $node (@nodes) {
    my $client = $node->client('buyer');

    ok(wait_until(10, sub {
        !grep { ($client->poll($_)->{state} // '') ne 'confirmed' } @changed
    }), "$node->{name} has what will be lost");
    $client->poll($_) for @gone;
}

spawn("witness $_->{name}", sub { witness($_) }) for @nodes;
sleep 0.5;
$pair->lose;
$pair->promote;

my $now = time;

$pair->sql("UPDATE shop.orders SET status = 'cancelled'
             WHERE id IN (" . join(',', map { "'$_'" } @changed) . ')');

for my $node (@nodes) {
    my $client = $node->client('buyer', lossy => 1);
    my $took = wait_until(30, sub {
        !(grep { ($client->poll($_)->{state} // '') ne 'cancelled' } @changed)
        && !(grep { ($client->poll($_)->{status} // 0) != 404 } @gone)
    });

    ok($took, "commits lost: $node->{name} comes to the new truth");
    diag(sprintf '%s: after %.2f s', $node->{name}, time - $now);
}

sleep 1;
@results = stop_all();
is_deeply([map { @{ $_->{faults} } } @results], [],
          'commits lost: all polls answered, none goes back to what was lost');
is(scalar(grep { !$_->{after} } @results), 0, 'commits lost: of many');

for my $node (@nodes) {
    my ($rows, @differ) = same_as_database($node,
        'id IN (SELECT id FROM shop.orders ORDER BY id DESC LIMIT 100)');

    is_deeply(\@differ, [], "commits lost: $node->{name} equals the database");
}


# --- the old primary is still there

$pair->rebuild;
my $before = $pair->primary;
$pair->sql('CHECKPOINT');
load();
sleep 1;
pg_freeze($before);
@promoted = ([$pair->promote, $pair->timeline]);
sleep 5;
pg_thaw();

my $count = 'SELECT count(*) FROM shop.orders';
my $there = $pair->sql($count, $before);

# nobody answers, but the one that must not

pg_freeze($pair->primary);
sleep 4;
pg_thaw();
sleep 5;
@results = stop_all();

judge('split brain', \@results, @promoted);
is($pair->sql($count, $before), $there,
   'split brain: the old primary got no order');
like($_->log, qr/timeline \d+ is older than \d+, which was seen: not used/,
     "split brain: $_->{name} says why") for @nodes;

# one that has seen nothing but the old primary

my $late = node(name => 'late', conninfo => $pair->conninfo_of($before),
                database => 'timeout=60s');
my $waiting = spawn('waits', sub {
    my $answer = $late->client('buyer', timeout => 60)
                     ->post('/api/place-order', place_body(33, 1));

    return { status => $answer->{status}, body => $answer->{body} };
});

ok(wait_until(30, sub {
    $pair->sql("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
                 WHERE wait_event = 'SyncRep'
                   AND query ~ 'place_order'", $before)
}), 'split brain: a commit on the old primary waits, and is cancelled');

my ($answer) = stop_all('wait');

is($answer->{status}, 503, 'split brain: which is no success');
like($answer->{body}, qr/"code":"OUTCOME_UNKNOWN"/,
     'split brain: but an outcome that is not known');

my $other = "SELECT count(*) FROM shop.order_items WHERE product_id = '"
            . product_id(33) . "'";

is($pair->sql($other, $before) . $pair->sql($other), '10',
   'split brain: though the old primary has the order, and no other');

is_deeply([$_->alarms], [], "$_->{name}: nothing alarmed")
    for @nodes, $late;

done_testing();
