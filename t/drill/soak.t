# A mixed load for long, first on the same workers, then under reload after
# reload: memory, descriptors, connections and the zone stay as they are.
#
# Of a series of samples, after a warm-up, the trend counts: the median of the
# slopes between all pairs, which some samples that are far off do not move.
# What it adds up to over the time that is judged may be a few per cent.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use OrderStream;
use OrderTest qw(start_database webhook);
use OrderWebhook;
use Test::More;

my $seconds = $ENV{DRILL_SECONDS} // scaled(14, 1500);
my $reloads = $ENV{DRILL_RELOADS} // scaled(4, 60);
my $pause = $ENV{DRILL_PAUSE} // 1;    # the load is so many times lighter
my $workers = 2;
my $connections = 4;
my $filled = 20000;                    # orders: more than the zone holds

alarm 3 * ($seconds + 10 * $reloads) + 300;

my $keys = key_dir();
my $status_port = free_port();

run_command('psql', '-XqAt', '-h', start_database(), '-U', 'postgres', '-d',
            database(), '-v', "orders=$filled", '-f', 'sql/fill.sql');

my $node = node(
    workers => $workers, zone => '1m tokens=256k changes=64k',
    database => "connections=$connections",
    http => <<"END");
    order_webhook_secret payment $keys/payment.webhook;
    order_push_heartbeat 2s;
    order_push_drain 200ms;
    server {
        listen 127.0.0.1:$status_port;
        location / { stub_status; }
        location = /metrics { order_metrics; }
    }
END
history();

my $buyer = $node->client('buyer');
my @orders = map { place($buyer) } 1 .. 50;


# --- the load


sub check {
    my ($client, $answer, @statuses) = @_;
    my $status = $answer->{status} // $answer->{error};

    $client->fault("$client->{asked}: $status " . ($answer->{body} // ''))
        if !grep { $_ eq $status } @statuses;

    return $answer;
}


# nginx closes connections that are idle when it is reloaded: then the request
# is sent again.
sub again {
    my ($client, @request) = @_;
    my $kept = $client->{socket};
    my $answer = $client->request(@request);

    return $kept && ($answer->{error} // '') eq 'closed'
           ? $client->request(@request) : $answer;
}


sub rest {
    sleep $pause * shift;
}


# A client whose token nobody has seen.
sub stranger {
    return DrillClient->new(port => $node->{port},
        token => OrderToken::sign("$keys/hs256.key", 'demo',
                                  user_id('buyer'), 'customer',
                                  10000 + int rand 80000));
}


# Each client comes and goes, as browsers do.
sub polls {
    my %cache;
    my @faults;

    while (!stopped) {
        my $client = stranger();

        for (1 .. 1 + rand 50) {
            my $kind = rand;
            my $id = $kind < 0.1
                     ? sprintf('00000002-0000-7000-8000-%012x', rand 1e9)
                     : $kind < 0.4
                     ? sprintf('00000001-0000-7000-8000-%012x',
                               1 + rand $filled)
                     : $orders[rand @orders];
            my $answer = again($client, 'GET', "/api/order-status/$id");

            check($client, $answer, 200, 404);
            $cache{$1}++
                if ($answer->{head} // '') =~ /^X-Order-Cache: (\w+)/m;
            rest(0.002);
        }

        $client->request('GET', '/api/order-status/' . 'x' x int rand 200);
        push @faults, @{ $client->{faults} };
        $client->close;
    }

    return { faults => [@faults[0 .. min(9, $#faults)]], cache => \%cache };
}


sub writes {
    my $client = $node->client('buyer');
    my $seller = $node->client('seller');
    my $json = "Content-Type: application/json\r\n";
    my $n = 0;

    while (!stopped) {
        my $answer = again($client, 'POST', '/api/place-order',
                           "${json}Idempotency-Key: soak-$$-" . $n++ . "\r\n",
                           place_body(32, 1));
        my ($id) = ($answer->{body} // '') =~ /"order_id":"([^"]+)"/;

        check($client, $answer, 201);
        next if !defined $id;

        for my $status (qw(confirmed processing shipped delivered)) {
            check($seller, again($seller, 'POST',
                '/seller/update-order-status', $json,
                qq({"order_id":"$id","new_status":"$status"})), 200);
            check($client, again($client, 'GET', "/api/order-status/$id"),
                  200);
            rest(0.02);
        }

        check($seller, again($seller, 'POST', '/seller/update-order-status',
            $json, qq({"order_id":"$id","new_status":"pending"})), 409);
        check($client, again($client, 'GET', "/api/orders/$id"), 200);
    }

    push @{ $client->{faults} }, @{ $seller->{faults} };

    return { $client->result, orders => $n };
}


sub lists {
    my $client = $node->client('buyer');
    my $me = user_id('buyer');
    my $n = 0;

    while (!stopped) {
        check($client, again($client, 'GET', $_), 200), rest(0.05)
            for '/api/user-orders-detailed?limit=10',
                "/api/orders/buyer/$me?limit=20&sortBy=createdAt",
                '/api/orders/search?q=main', '/api/notifications',
                '/api/products';

        my $answer = again($client, 'POST', '/api/auth/login',
            "Content-Type: application/json\r\n",
            '{"email":"buyer@example.com","password":"'
            . ($n % 4 ? 'demo' : 'wrong') . '"}');
        check($client, $answer, $n++ % 4 ? 200 : 401);
        rest(0.5);
    }

    return { $client->result };
}


# Events of orders that there are, are not, and of before; signed wrong.
sub webhooks {
    my $client = DrillClient->new(port => $node->{port});
    my ($lines, $body) = ('', '');

    while (!stopped) {
        my $kind = int rand 4;

        if ($kind || !length $lines) {
            my $id = $kind == 2 ? sprintf('00000002-0000-7000-8000-%012x',
                                          rand 1e9)
                                : $orders[rand @orders];
            $body = qq({"type":"payment.confirmed","orderId":"$id"});
            $lines = OrderWebhook::headers("$keys/payment.webhook", $body,
                $kind == 3 ? (signature => 'v1,' . 'A' x 43 . '=') : ());
            $lines =~ s/\n/\r\n/g;
        }

        check($client, again($client, 'POST', '/api/webhooks/payment',
            "Content-Type: application/json\r\n$lines", $body),
            200, 401, 404, 409);
        rest(0.05);
    }

    return { $client->result };
}


# Streams, WebSockets and polls that wait: they come, stay for a while, and go
# without a word.
sub subscribers {
    my (@open, $opened, $told);

    while (!stopped) {
        if (@open < 15) {
            my $id = $orders[rand @orders];
            my @how = (port => $node->{port}, as => 'buyer', nowait => 1);
            my $stream = eval {
                (sub { sse("/api/orders/$id/events", @how) },
                 sub { sse('/api/events', @how) },
                 sub { ws('/ws', @how) },
                 sub { sse("/api/order-status/$id?wait=2", @how) }
                )[rand 4]->();
            } or next;

            $stream->{leaves} = time + rand 3;
            $opened++;
            push @open, $stream;
        }

        for my $stream (@open) {
            $stream->pump(0.01) if $stream->{socket};
            $told += @{ $stream->{events} };
            $stream->{events} = [];
            $stream->close if $stream->{closed} || time > $stream->{leaves};
        }

        @open = grep { $_->{socket} } @open;
        rest(0.02);
    }

    return { streams => $opened, told => $told };
}


# What is no request, or not a whole one.
sub nonsense {
    my $token = token('buyer');
    my $auth = "Host: x\r\nAuthorization: Bearer $token\r\n";
    my @texts = (
        "GET /api/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x.y.z"
        . "\r\n\r\n",
        "POST /api/place-order HTTP/1.1\r\n${auth}Content-Length: 12\r\n\r\n"
        . '{"items":[}]',
        "POST /api/place-order HTTP/1.1\r\n${auth}Content-Length: 5000\r\n\r\n"
        . '{"items":[',
        "POST /api/place-order HTTP/1.1\r\n${auth}Content-Length: 100000\r\n"
        . "\r\n" . ' ' x 100000,
        "GET /ws HTTP/1.1\r\n${auth}Upgrade: websocket\r\nConnection: Upgrade"
        . "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        . "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" . "\xff" x 300,
        "GET /api/order-status/$orders[0] HTT", "\x16\x03\x01\x02", '',
        "BREW /api/pot HTTP/1.1\r\n${auth}\r\n",
        "PUT /api/orders/$orders[0]/status HTTP/1.1\r\n${auth}"
        . "Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
    );
    my $n = 0;

    local $SIG{PIPE} = 'IGNORE';

    while (!stopped) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                           PeerPort => $node->{port})
            or next;

        syswrite $socket, $texts[$n++ % @texts];
        IO::Select->new($socket)->can_read(0.05 * $n % 2);
        close $socket;
        rest(0.03);
    }

    return { nonsense => $n };
}


# --- samples


# Of nginx as a whole: KB of its own memory, KB of shared memory, KB of the
# master's memory, which workers are born with, descriptors, orders in the
# zone, sessions of PostgreSQL.
sub sample {
    my %metrics = metrics();
    my %sample = (time => time, sessions => backends(),
                  orders => $metrics{'table_entries{table="orders"}'});

    for my $pid ($node->{pid}, $node->workers) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or next;
        my $text = join '', <$in>;
        my @fds = glob "/proc/$pid/fd/*";

        for my $what (qw(Anon File Shmem)) {
            my ($size) = $text =~ /^Pss_$what:\s+(\d+)/m or next;
            $sample{ $what eq 'Shmem' ? 'shared' : 'memory' } += $size;
        }

        $text =~ /^Anonymous:\s+(\d+)/m;
        $sample{master} //= $1;
        $sample{descriptors} += @fds;
    }

    return \%sample;
}


# What the trend of the values adds up to from the first sample to the last.
sub growth {
    my ($what, @samples) = @_;
    my @slopes;

    for my $i (0 .. $#samples) {
        for my $j ($i + 1 .. $#samples) {
            push @slopes, ($samples[$j]{$what} - $samples[$i]{$what})
                          / ($samples[$j]{time} - $samples[$i]{time});
        }
    }

    return quantile(0.5, @slopes) * ($samples[-1]{time} - $samples[0]{time});
}


sub flat {
    my ($when, $what, $allowed, @samples) = @_;
    my $level = quantile(0.5, map { $_->{$what} } @samples);
    my $growth = growth($what, @samples);

    $allowed += 0.03 * $level;
    cmp_ok($growth, '<=', $allowed,
           sprintf '%s: %s stays at %d: %+.1f over %d s (%d samples, %d to'
               . ' %d)', $when, $what, $level, $growth,
               $samples[-1]{time} - $samples[0]{time}, scalar @samples,
               min(map { $_->{$what} } @samples),
               max(map { $_->{$what} } @samples));
}


sub flat_all {
    my ($when, $noise, @samples) = @_;

    SKIP: {
        skip 'the sanitizer keeps what was freed', 2 if $ENV{ASAN_OPTIONS};
        flat($when, 'memory', $noise, @samples);
        flat($when, 'master', 128, @samples);
    }

    flat($when, 'shared', 256, @samples);
    flat($when, 'orders', 200, @samples);
    flat($when, 'descriptors', 10, @samples);
}


# What nginx tells of itself.
sub status {
    my $client = DrillClient->new(port => $status_port);

    return $client->request('GET', shift)->{body} // '';
}


sub metrics {
    return status('/metrics') =~ /^nginx_order_(\S+) (\S+)$/mg;
}


# The connections that it has, beside the one that asks; subscribers; queries
# that wait.
sub busy {
    my %metrics = metrics();
    my ($active) = status('/') =~ /^Active connections: (\d+)/;

    return ($active // 1e9) - 1
           + sum0(map { $metrics{$_} } grep { /^(?:subscribers|db_queue_len)/ }
                                       keys %metrics);
}


# --- the drill

my @workers = sort $node->workers;
my $sessions = $workers * $connections + 1;
my (@steady, @reloaded);

spawn('polls', \&polls) for 1 .. 2;
spawn('writes', \&writes) for 1 .. 2;
spawn('lists', \&lists);
spawn('webhooks', \&webhooks);
spawn('subscribers', \&subscribers);
spawn('nonsense', \&nonsense);

sleep $seconds * 0.3;

my $end = time + $seconds * 0.7;

while (time < $end) {
    push @steady, sample();
    sleep max($seconds / 150, 0.1);
}

is_deeply([sort $node->workers], \@workers, 'the workers are the same');
flat_all('same workers', 2048, @steady);
cmp_ok(max(map { $_->{sessions} } @steady), '<=', $sessions,
       'PostgreSQL has no more sessions than are configured');

for (1 .. $reloads + 1) {
    my %old = map { $_ => 1 } $node->workers;

    $node->reload;
    wait_until(30, sub {
        !grep { $old{$_} } Drill::children($node->{pid});
    }) // last;
    sleep max(1, min(4, $seconds / 60));
    push @reloaded, sample();
}

is(scalar @reloaded, $reloads + 1, 'old workers leave');
shift @reloaded;
flat_all('reload after reload', 3072, @reloaded);
cmp_ok(max(map { $_->{sessions} } @reloaded), '<=', $sessions,
       'those of old workers end');

my @results = stop_all();
my @faults = map { @{ $_->{faults} // [] } } @results;

is(scalar(grep { $_->{died} } @results), 0, 'all processes came through');
is_deeply([@faults[0 .. min(9, $#faults)]], [],
          'every request is answered as it should be');
ok(wait_until(60, sub { busy() == 0 }),
   'no connection, no subscriber, no query is left') or diag(busy());
is_deeply([$node->alarms], [], 'nothing alarmed');

my ($rows, @differ) = same_as_database($node,
    'id IN (SELECT id FROM shop.orders ORDER BY id DESC LIMIT 200)');
is_deeply(\@differ, [], 'the cache equals the database');

my %count;
for my $result (@results) {
    for my $counts ($result, $result->{cache} // {}) {
        $count{$_} += $counts->{$_}
            for grep { ($counts->{$_} // '') =~ /^\d+$/ } keys %$counts;
    }
}

diag(join ', ', map { "$_ $count{$_}" } sort keys %count);

done_testing();
