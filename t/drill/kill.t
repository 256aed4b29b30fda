# Workers are killed with -9, and stopped in the middle of what they do, while
# clients poll and write.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use Test::More;

my $kills = $ENV{DRILL_KILLS} // scaled(30, 1000);
my $stops = $ENV{DRILL_STOPS} // scaled(6, 60);

my $node = node(workers => 3, database => 'connections=4 timeout=5s '
                                          . 'queue_timeout=5s');
history();

my $buyer = $node->client('buyer');
my @orders = map { place($buyer) } 1 .. 40;
my %next = (pending => 'confirmed', confirmed => 'processing',
            processing => 'shipped', shipped => 'confirmed');

# the worker that is stopped now, for all processes to see
my $flag = work() . '/stopped';


# Is this worker stopped, or was it within the last seconds?
sub excused {
    my ($worker, $since) = @_;

    open my $in, '<', $flag or return 0;
    my ($pid, $until) = split ' ', scalar(<$in>) // '';

    return defined $pid && $worker == $pid
           && ($until == 0 || $until > $since);
}


sub flag {
    open my $out, '>', "$flag.new" or die $!;
    print $out "@_";
    close $out;
    rename "$flag.new", $flag;
}


# Repeats a request on other connections until it is answered.  Tells the
# milliseconds that an attempt took on a worker that was there.
sub until_answered {
    my ($client, $count, $request) = @_;

    for my $try (1 .. 200) {
        my $start = time;

        last if stopped && $try > 10;

        if (!$client->{socket}) {
            $client->attach or next;
            push @{ $count->{reconnect} }, 1000 * (time - $start);
        }

        my $worker = $client->{worker};
        my $answer = $request->($client, $try);

        diag(sprintf 'slow on worker %d: %.0f ms: %s', $worker,
             $answer->{ms}, $client->{asked})
            if $ENV{TEST_NGINX_NO_CLEAN} && $answer->{ms} > 100;

        # it came when the worker was let go on
        pop @{ $client->{slow} }
            if $answer->{ms} > 100 && !$answer->{error}
               && $client->{slow} && excused($worker, $start);

        return $answer if !$answer->{error};

        $count->{ $answer->{error} }++;

        if ($answer->{error} eq 'timeout') {
            next if excused($worker, $start);
            $count->{stuck}++;
            diag(sprintf 'stuck on worker %d, attempt %d: %.0f ms: %s',
                 $worker, $try, $answer->{ms}, $client->{asked});
        }
    }

    return { error => 'never', status => 0, ms => 0 };
}


sub poller {
    my $client = $node->client('buyer', timeout => 1);
    my %count;

    while (!stopped) {
        my $id = $orders[rand @orders];
        my $answer = until_answered($client, \%count,
                                    sub { $_[0]->poll($id) });

        $client->fault("$id: " . ($answer->{error} // $answer->{status}))
            if ($answer->{status} // 0) != 200;

        # what is to be seen is not how busy the machine is
        sleep 0.0005;
    }

    return { $client->result, count => \%count };
}


# Moves its own orders on, and polls each at once over three connections.
sub mover {
    my $seller = $node->client('seller', timeout => 6);
    my @watchers = map { $node->client('seller', timeout => 1) } 1 .. 3;
    my (%count, %state, $acknowledged);
    my @mine = @orders[0 .. 9];

    $state{$_} = 'pending' for @mine;

    while (!stopped) {
        my $id = $mine[rand @mine];
        my $answer = until_answered($seller, \%count, sub {
            $_[0]->move($id, $next{$state{$id}})
        });
        my $status = $answer->{status} // 0;

        if ($status == 409) {
            # an attempt that was not answered did it
            ($state{$id}) = $answer->{body} =~ /"status":\s*"(\w+)"/ ? $1 : '';
            $state{$id} = sql("SELECT status FROM shop.orders"
                              . " WHERE id = '$id'");
            next;
        }

        if ($status != 200) {
            $seller->fault("move: $status " . ($answer->{error} // ''))
                if $status != 503;
            next;
        }

        my ($version) = $answer->{body} =~ /"version":\s*(\d+)/;
        $state{$id} = $next{$state{$id}};
        $acknowledged++;

        for my $watcher (@watchers) {
            my $poll = until_answered($watcher, \%count,
                                      sub { $_[0]->poll($id) });
            $seller->fault("not my write: $id $poll->{version} < $version"
                           . " $poll->{cache}")
                if ($poll->{version} // 0) < $version;
        }
    }

    push @{ $seller->{faults} }, @{ $_->{faults} } for @watchers;

    return { $seller->result, count => \%count,
             acknowledged => $acknowledged };
}


sub placer {
    my $client = $node->client('buyer', timeout => 6);
    my $watcher = $node->client('buyer', timeout => 1);
    my (%count, %placed);
    my $n = 0;

    while (!stopped) {
        my $key = "drill-$$-" . $n++;
        my $answer;

        do {
            $answer = until_answered($client, \%count, sub {
                $_[0]->post('/api/place-order', place_body(33, 1), $key);
            });
        } while (($answer->{status} // 0) =~ /^(?:409|503)$/);

        if (($answer->{status} // 0) != 201) {
            $client->fault("place: " . ($answer->{error} // $answer->{body}));
            next;
        }

        my ($id) = $answer->{body} =~ /"order_id":\s*"([^"]+)"/;
        $placed{$key} = $id;

        my $poll = until_answered($watcher, \%count,
                                  sub { $_[0]->poll($id) });
        $client->fault("order $id not seen: $poll->{status}")
            if ($poll->{status} // 0) != 200;
        sleep 0.01;
    }

    push @{ $client->{faults} }, @{ $watcher->{faults} };

    return { $client->result, slow => $watcher->{slow}, count => \%count,
             placed => \%placed };
}


# Changes orders as somebody with psql would.
sub psql {
    my $dbh = dbh();
    my $n = 0;

    while (!stopped) {
        $dbh->do('UPDATE shop.orders SET order_notes = ? WHERE id = ?', undef,
                 $n++, $orders[10 + rand @orders - 10]);
        sleep 0.005;
    }

    return { changes => $n };
}


sub load {
    spawn('poller', \&poller) for 1 .. 3;
    spawn('mover', \&mover);
    spawn('placer', \&placer);
    spawn('psql', \&psql);
}


sub judge {
    my ($what, @results) = @_;
    my (%count, %placed, @reconnect, $polls, $acknowledged);
    my @slow = map { @{ $_->{slow} // [] } } @results;

    for my $result (@results) {
        my $count = $result->{count} // {};

        push @reconnect, @{ delete $count->{reconnect} // [] };
        $count{$_} += $count->{$_} for keys %$count;
        %placed = (%placed, %{ $result->{placed} // {} });
        $polls += $result->{polls} // 0;
        $acknowledged += $result->{acknowledged} // 0;
    }

    my @faults = map { @{ $_->{faults} // [] } } @results;
    my @never = DrillClient::never_true(dbh(), map { $_->{seen} // () }
                                        @results);

    is(scalar(grep { $_->{died} } @results), 0,
       "$what: all processes of load came through");
    is_deeply([@faults], [], "$what: no answer torn, none backwards, writes"
              . ' are read at once');
    is_deeply([@never[0 .. min(9, $#never)]], [],
              "$what: no answer was ever untrue");
    is($count{stuck} // 0, 0, "$what: no request stuck on a worker that runs");
    cmp_ok(@slow, '<=', 1 + $polls / 1000, "$what: polls take less than 100 ms")
        or diag("slow: @slow[0 .. min(20, $#slow)]");
    cmp_ok(max(0, @slow), '<', 1000, "$what: no poll takes a second");

    my $ids = join ',', map { "'$_'" } values %placed;
    is(sql("SELECT count(*) FROM shop.orders WHERE id IN ($ids)"),
       scalar keys %placed, "$what: every acknowledged order is there");
    is(sql("SELECT count(*) FROM shop.idempotency_keys"
           . " WHERE key LIKE 'drill-%'"),
       sql("SELECT count(DISTINCT o.id) FROM shop.orders o"
           . " JOIN shop.order_items i ON i.order_id = o.id"
           . " WHERE i.product_id = '" . product_id(33) . "'"),
       "$what: one order a key");

    my ($rows, @differ) = same_as_database($node,
        full() ? 'id IN (SELECT id FROM shop.orders ORDER BY id LIMIT 40)'
                 . ' OR random() < 0.1' : undef);
    is_deeply(\@differ, [], "$what: the cache equals the database");

    diag(sprintf "%s: %d polls, %d moves, %d placed; over 100 ms %d, longest"
         . " %.0f ms; reconnect p50 %.1f p99 %.1f max %.1f ms; %s", $what,
         $polls, $acknowledged, scalar keys %placed, scalar @slow,
         max(0, @slow), quantile(0.5, @reconnect), quantile(0.99, @reconnect),
         max(0, @reconnect),
         join ', ', map { "$_ $count{$_}" } sort keys %count);
}


# --- killed

flag(0, 0);
load();
sleep 0.5;

for (1 .. $kills) {
    my @workers = $node->workers;
    kill 'KILL', $workers[rand @workers] if @workers;
    sleep 0.02 + rand 0.13;
}

sleep 1;
my @results = stop_all();
sleep 2;
judge("$kills workers killed", @results);


# --- stopped

load();
sleep 0.5;

my (@takeover, @seen);

for my $n (1 .. $stops) {
    my $holder = $node->holder;
    my @workers = $node->workers;
    my $pid = $n % 2 ? $holder : $workers[rand @workers];

    die "no worker to stop\n" if !$pid;

    flag($pid, 0);
    kill 'STOP', $pid;
    my $start = time;

    if ($pid == $holder) {
        my $took = wait_until(5, sub { $node->holder != $pid });
        push @takeover, $took // 5;

        # a change arrives meanwhile
        my $id = $orders[20];
        my $version = sql("UPDATE shop.orders SET order_notes = 'stop $n'"
                          . " WHERE id = '$id' RETURNING version");
        my $client = $node->client('buyer', timeout => 1);

        my (%answers, $poll);

        push @seen, wait_until(5, sub {
            $client->attach or $answers{'no worker'}++;
            $poll = $client->poll($id);
            $answers{ $poll->{error} // $poll->{cache} // $poll->{status} }++;
            return ($poll->{version} // 0) >= $version;
        }) // 5;

        diag("$id $version not seen after $seen[-1] s, but ",
             $poll->{version} // 0, ': ', join(', ', map { "$_ $answers{$_}" }
             sort keys %answers), "\n", $node->log)
            if $seen[-1] > 1;
    }

    sleep max(0.01, $start + 2 - time);
    kill 'CONT', $pid;
    flag($pid, time);
    sleep 0.3 + rand 0.3;
}

sleep 1;
@results = stop_all();
sleep 2;
judge("$stops workers stopped", @results);

cmp_ok(max(@takeover), '<', 2.0, 'another worker takes the feed over');
cmp_ok(max(@seen), '<', 1.5, 'and changes arrive');
diag(sprintf "takeover p50 %.2f max %.2f s; a change was seen after p50 %.3f"
     . " max %.3f s", quantile(0.5, @takeover), max(@takeover),
     quantile(0.5, @seen), max(@seen));

is_deeply([$node->alarms(qr/exited on signal 9/)], [],
          'nothing else alarmed');

done_testing();
