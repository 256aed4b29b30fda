# 1,000 clients, each of which comes back by itself with what it knows, while
# orders change and the feed's session is ended, workers are killed, nginx is
# reloaded and PostgreSQL restarted: each sees every version of its orders in
# order, or is told once that it is reset, and none is silent.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use OrderStream;
use List::Util qw(shuffle);
use OrderToken;
use Storable qw(nstore retrieve);
use Test::More;
use Time::Local qw(timegm);

my $processes = 4;
my $clients = $ENV{DRILL_CLIENTS} // 1000;
my $seconds = $ENV{DRILL_SECONDS} // scaled(24, 600);
my $buyers = 40;
my $orders = 5;                    # of each buyer
my $rate = 100;                    # changes a second, of each of two writers
my $beat = 1;                      # seconds

my $node = node(workers => 3, database => 'connections=4 timeout=5s', http =>
    "order_push_heartbeat ${beat}s;
     order_push_drain 2s;
     order_push_clients 10000;
     order_push_user_clients 1000;");

history();

my ($go, $stop, $final) = map { work() . "/$_" } qw(go stop final);
my (@buyers, %orders, %epoch);

make_orders();


sub make_orders {
    my $product = product_id(32);

    for my $n (1 .. $buyers) {
        my $id = sprintf '00000000-0000-7000-8000-00000001%04d', $n;

        sql("INSERT INTO shop.users (id, email, first_name, last_name, role)
             VALUES ('$id', 'drill$n\@example.com', 'Drill', '$n',
                     'customer')");
        push @buyers, $id;
        $orders{$id} = [split /\n/, sql(
            "SELECT (api.place_order('$id', 'customer', NULL, NULL,
                         '[{\"product_id\": \"$product\", \"quantity\": 1}]',
                         'card', NULL, NULL)).body::json->>'order_id'
               FROM generate_series(1, $orders)")];
    }
}


# --- the writers: psql, and nginx


# A change a hundred times a second, of which a third are of the status.
sub psql {
    my @ids = map { @$_ } values %orders;
    my %next = (pending => 'confirmed', confirmed => 'processing',
                processing => 'shipped', shipped => 'confirmed');
    my ($dbh, $changes, $failed, %status) = (undef, 0, 0);

    sleep 0.05 until -e $go;

    until (-e $stop) {
        my $id = $ids[rand @ids];
        my $to = $next{ $status{$id} // 'pending' };
        my $done = eval {
            $dbh //= dbh();
            rand 3 < 1
                ? $dbh->do('UPDATE shop.orders SET status = ? WHERE id = ?',
                           undef, $to, $id) && ($status{$id} = $to)
                : $dbh->do('UPDATE shop.orders SET order_notes = ?'
                           . ' WHERE id = ?', undef, $changes, $id);
        };

        $done ? $changes++ : $failed++;

        # what became of it is not known
        if (!$done) {
            undef $dbh;
            delete $status{$id};
            my ($status) = eval {
                dbh()->selectrow_array('SELECT status FROM shop.orders'
                                       . ' WHERE id = ?', undef, $id);
            };
            $status{$id} = $status if defined $status;
        }

        sleep 1 / $rate;
    }

    return { changes => $changes, failed => $failed };
}


sub api {
    my @ids = map { @$_ } values %orders;
    my $seller = $node->client('seller', timeout => 2);
    my ($changes, $failed) = (0, 0);

    sleep 0.05 until -e $go;

    until (-e $stop) {
        my $answer = $seller->request(
            'PATCH', "/api/orders/$ids[rand @ids]",
            "Content-Type: application/json\r\n", qq({"notes":"$changes"}));

        ($answer->{status} // 0) == 200 ? $changes++ : $failed++;
        sleep 1 / $rate;
    }

    return { changes => $changes, failed => $failed };
}


# --- the clients


# What a client is: which dress, what of, whose.
sub client {
    my $n = shift;
    my $buyer = $buyers[$n % @buyers];
    my @mine = @{ $orders{$buyer} };
    my $kind = (qw(order events many all))[$n / @buyers % 4];
    my @ids = $kind eq 'order' ? $mine[rand @mine]
              : $kind eq 'many' ? @mine[0, 2, 4] : @mine;

    return {
        kind => $kind, name => "$kind $n", wake => 0,
        version => { map { ($_ => 1) } @ids }, place => {}, count => {},
        how => [port => $node->{port}, nowait => 1, token =>
                OrderToken::sign(key_dir() . '/hs256.key', 'demo', $buyer,
                                 'customer', 86400)],
    };
}


# Opens the stream, from where the client was.
sub come {
    my $client = shift;
    my $kind = $client->{kind};
    my $last = $client->{last};
    my ($id) = keys %{ $client->{version} };
    my @how = @{ $client->{how} };

    $client->{stream} = eval {
        $kind eq 'order' ? sse("/api/orders/$id/events", @how, last => $last)
        : $kind eq 'events' ? sse('/api/events', @how, last => $last)
        : $kind eq 'all'
            ? ws('/ws' . (defined $last ? "?last_event_id=$last" : ''), @how)
        : ws('/ws?subscribe=none', @how);
    };

    return later($client, 'connect') if !$client->{stream};

    $client->{since} = $client->{heard} = time;
    $client->{asked} = $kind ne 'many';
}


# By the id of what it saw last, or by the version.
sub subscribe {
    my ($client, $id) = @_;
    my $place = $client->{place}{$id};
    my $version = $client->{version}{$id};

    $client->{stream}->say(
        !defined $place ? qq({"type":"subscribe","orderId":"$id"})
        : rand 2 < 1
        ? qq({"type":"subscribe","orderId":"$id","id":"$place"})
        : qq({"type":"subscribe","orderId":"$id","version":$version}));
}


sub later {
    my ($client, $why) = @_;

    $client->{count}{$why}++;
    $client->{stream}->close if $client->{stream};
    delete $client->{stream};
    $client->{wake} = time + 0.05 + rand 0.4;
}


sub fault {
    my ($client, $text) = @_;

    $client->{count}{fault}++;
    push @{ $client->{faults} }, "$client->{name}: $text"
        if @{ $client->{faults} // [] } < 3;
}


# What came on the stream.
sub hear {
    my ($client, $seen, $late) = @_;
    my $stream = $client->{stream};

    $client->{heard} = time;

    if (!$client->{asked} && $stream->{code} == 101) {
        $client->{asked} = 1;
        subscribe($client, $_) for keys %{ $client->{version} };
    }

    while (my $event = shift @{ $stream->{events} }) {
        my $text = $event->{text};
        my ($type) = $text =~ /^\{"type":"(\w+)"/;
        my ($place) = $text =~ /^\{"type":"\w+","id":"([^"]+)"/;

        if ($type eq 'order_status_update') {
            change($client, $text, $place, $seen, $late);

        } elsif ($type eq 'snapshot' || $type eq 'reset') {
            state($client, $type, $text, $place);

        } elsif ($type eq 'error') {
            refused($client, $text);

        } elsif ($type eq 'end') {
            my ($reason) = $text =~ /"reason":"(\w+)"/;
            $client->{count}{"end $reason"}++;
            fault($client, $text) if $reason !~ /^(?:reload|slow)$/;

        } elsif ($type ne 'ready') {
            fault($client, "unknown: $text");
        }

        $client->{last} = $place
            if defined $place && $client->{kind} ne 'many';
    }

    return if !$stream->{closed} && !$stream->{closing} && !$stream->{ended};

    my $code = $stream->{code};

    fault($client, "answered $code: $stream->{body}")
        if $code && $code !~ /^(?:200|101|503)$/;
    fault($client, "closed $stream->{closing} $stream->{why}")
        if $stream->{closing} && $stream->{closing} !~ /^(?:1012|1013)$/;

    later($client, $code == 503 ? 'refused'
                   : $stream->{closing} ? "close $stream->{closing}"
                   : $code ? 'closed' : 'torn');
}


sub change {
    my ($client, $text, $place, $seen, $late) = @_;
    my ($id, $number, $status) = $text =~
        /"order":\{"_id":"([^"]+)","orderNumber":"([^"]+)","status":"(\w+)"/;
    my ($at, $version) = $text =~ /"updatedAt":"([^"]+)","version":(\d+)/;
    my $last = $client->{version}{ $id // '' };

    return fault($client, "not mine, or no order: $text")
        if !defined $last || !defined $version;

    fault($client, "$id: $last -> $version") if $version != $last + 1;

    $client->{version}{$id} = $version;
    $client->{place}{$id} = $place;
    $client->{count}{changes}++;
    $seen->{"$id $version"}{"$status $number"} = 1;

    # a client that was away is told what is old
    push @$late, time - seconds($at) if time - $client->{since} > 3;
}


sub state {
    my ($client, $type, $text, $place) = @_;
    my $found = 0;

    $client->{count}{$type}++;

    while ($text =~ /\{"order_id":"([^"]+)".*?"version":(\d+)/g) {
        my ($id, $version) = ($1, $2);
        my $last = $client->{version}{$id};

        $found++;
        return fault($client, "not mine: $id") if !defined $last;

        fault($client, "$type of $id: $last -> $version")
            if $version < $last
               || $type eq 'snapshot' && defined $client->{place}{$id};

        $client->{version}{$id} = $version;
        $client->{place}{$id} = $place;
    }

    fault($client, "$type of $found: $text")
        if $client->{kind} =~ /^(?:order|many)$/ ? $found != 1
           : $found != keys %{ $client->{version} };
}


# What could not be read now is asked for again.
sub refused {
    my ($client, $text) = @_;
    my ($id) = $text =~ /"orderId":"([^"]+)"/;

    return fault($client, $text)
        if $text !~ /"code":"DATABASE_UNAVAILABLE"/ || !defined $id;

    $client->{count}{unavailable}++;
    push @{ $client->{again} }, [time + 0.2, $id];
}


# "2026-11-21T02:12:00.123Z" to seconds
sub seconds {
    my ($day, $time) = shift =~ /^(.*)T(.*)Z$/;
    my ($hour, $minute, $second) = split /:/, $time;

    $epoch{$day} //= timegm(0, 0, 0, (split /-/, $day)[2],
                            (split /-/, $day)[1] - 1, (split /-/, $day)[0]);

    return $epoch{$day} + $hour * 3600 + $minute * 60 + $second;
}


# A process of clients, from the first stream until each knows what the
# database knows in the end, or the time is up.
sub watch {
    my @mine = @_;
    my (%seen, @late, $ready, $expected, $deadline);
    my $next = 0;

    for ( ;; ) {
        turn(\@mine, \%seen, \@late);

        next if time < $next;
        $next = time + 0.1;

        silent($_) for @mine;

        if (!$ready && !grep { !knows($_) } @mine) {
            $ready = 1;
            nstore([], "$go-$$");
        }

        if (!$expected && -e $final) {
            $expected = retrieve($final);
            $deadline = time + 15;
        }

        last if $expected && (time > $deadline
                              || !grep { behind($_, $expected) } @mine);
    }

    my %count;

    for my $client (@mine) {
        $count{$_} += $client->{count}{$_} for keys %{ $client->{count} };
    }

    return {
        count => \%count, seen => \%seen, late => \@late,
        faults => [map { @{ $_->{faults} // [] } } @mine],
        behind => [map { behind($_, $expected) } @mine],
    };
}


# Reads what has come, and lets those come back who are due.
sub turn {
    my ($mine, $seen, $late) = @_;
    my $bits = '';
    my $now = time;

    for my $client (@$mine) {
        come($client) if !$client->{stream} && $client->{wake} <= $now;

        while (@{ $client->{again} // [] }
               && $client->{again}[0][0] <= $now)
        {
            my (undef, $id) = @{ shift @{ $client->{again} } };

            subscribe($client, $id) if $client->{stream};
        }

        vec($bits, fileno $client->{stream}{socket}, 1) = 1
            if $client->{stream};
    }

    return if select($bits, undef, undef, 0.05) <= 0;

    for my $client (@$mine) {
        my $stream = $client->{stream} or next;

        next if !vec($bits, fileno $stream->{socket}, 1);
        $stream->pump(0);
        hear($client, $seen, $late);
    }
}


# Heartbeats come, whatever else does.
sub silent {
    my $client = shift;

    return if !$client->{stream} || time - $client->{heard} < 5 * $beat;

    fault($client, 'silent for ' . (time - $client->{heard}));
    later($client, 'silent');
}


# Has it got a place to come back to?
sub knows {
    my $client = shift;

    return defined $client->{last}
           || keys %{ $client->{place} } == keys %{ $client->{version} };
}


# What it does not know, and the database does.
sub behind {
    my ($client, $expected) = @_;
    my $version = $client->{version};

    return map { "$client->{name}: $_ $version->{$_}, is $expected->{$_}" }
           grep { $version->{$_} != $expected->{$_} } keys %$version;
}


# --- the faults

my %fault = (
    'the session of the feed was ended' => sub {
        sql('SELECT pg_terminate_backend(' . $_ . ')')
            for backend_pids('feed_read|^listen');
    },
    'a worker was killed' => sub {
        my @workers = $node->workers;
        kill 'KILL', $workers[rand @workers] if @workers;
    },
    'the worker that has the feed was killed' => sub {
        kill 'KILL', $node->holder;
    },
    'nginx was reloaded' => sub { $node->reload },
    'PostgreSQL was restarted' => sub {
        pg_stop('fast');
        sleep 0.5;
        pg_start();
    },
    'PostgreSQL was killed' => sub {
        pg_kill();
        sleep 0.5;
        pg_start();
    },
    'PostgreSQL stood still' => sub {
        pg_freeze();
        sleep 1;
        pg_thaw();
    },
);


my @clients = map { client($_) } 0 .. $clients - 1;

for my $n (1 .. $processes) {
    my @mine = grep { $_ % $processes == $n - 1 } 0 .. $#clients;

    spawn("clients $n", sub { watch(@clients[@mine]) });
}

spawn('psql', \&psql);
spawn('api', \&api);

ok(wait_until(30, sub { $processes == (() = glob "$go-*") }),
   "$clients clients are told");
nstore([], $go);

my (%done, @queue);
my $end = time + $seconds;

while (time < $end || grep { !$done{$_} } keys %fault) {
    @queue = shuffle(keys %fault) if !@queue;

    my $what = shift @queue;

    sleep 1 + rand 1.5;
    $fault{$what}();
    $done{$what}++;
}

sleep 2;
nstore([], $stop);
sleep 1;

nstore({ map { @$_ } @{ dbh()->selectall_arrayref(
             'SELECT id, version FROM shop.orders') } }, "$final.new");
rename "$final.new", $final;

my @results = stop_all('wait');


# --- what came of it

my (%count, $changes, @late);

for my $result (@results) {
    $count{$_} += $result->{count}{$_} for keys %{ $result->{count} // {} };
    $changes += $result->{changes} // 0;
    push @late, @{ $result->{late} // [] };
}

my @faults = map { @{ $_->{faults} // [] } } @results;
my @behind = map { @{ $_->{behind} // [] } } @results;
my @never = DrillClient::never_true(dbh(), map { $_->{seen} // () }
                                    @results);

is(scalar(grep { $_->{died} } @results), 0, 'all processes came through');
is_deeply([@faults[0 .. min(9, $#faults)]], [],
          'each version in order, none twice, none left out, nobody silent');
is_deeply([@behind[0 .. min(9, $#behind)]], [],
          'in the end everybody knows what the database knows');
is_deeply([@never[0 .. min(9, $#never)]], [], 'nothing was told that was not');
cmp_ok($count{changes} // 0, '>', $changes, 'changes were told');
cmp_ok($count{'reset'} // 0, '<=', $clients / 20, 'hardly anybody was reset');
is_deeply([$node->alarms(qr/exited on signal 9/)], [], 'nothing alarmed');

diag("$_: $done{$_}") for sort keys %done;
diag(sprintf '%d changes, told %d times; %s; told after p50 %.3f p99 %.3f'
     . ' max %.3f s', $changes, $count{changes},
     join(', ', map { "$_ $count{$_}" } grep { $_ ne 'changes' }
                    sort keys %count),
     quantile(0.5, @late), quantile(0.99, @late), max(0, @late));

done_testing();
