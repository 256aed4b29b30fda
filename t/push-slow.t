# Clients that read slowly, or not at all: they cost no memory, hold up nobody,
# and go on in order when they read again; or are told that they cannot.

use strict;
use warnings;

use lib 't/lib';
use OrderTest qw(:DEFAULT http_config);
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

# a server whose connections hold little in the system

our $server = <<'END';
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 sndbuf=4k;
    location / { order_api; }
}
END

# who does not read answers no ping either; nobody is to be dropped for that
# while the others are read

our $patient = 'order_push_heartbeat 10m; order_push_timeout 10m;';
our $small = http_config() . $patient . $server;
$small =~ s/tokens=1m/tokens=1m changes=64k/;


sub port {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;

    return join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) sndbuf/ ? $1 : die;
}


# Clients that have read what a stream opens with, and read on when told to.
sub slow {
    my ($id, $times) = @_;
    my @how = (as => 'buyer', port => port(), buffer => 2048);
    my @clients = map {
        (sse("/api/orders/$id/events", @how), sse('/api/events', @how),
         ws('/ws', @how))
    } 1 .. $times // 1;

    $_->next for @clients;

    return @clients;
}


# Reads the versions of an order from one to another: "all", or what was told
# instead of some.
sub versions {
    my ($client, $from, $to) = @_;
    my $how = 'all';

    while ($from < $to) {
        my $event = $client->next;
        my $data = $event->{data};
        my $version = $data->{order}{version} // $data->{state}{version};

        if ($event->{event} eq 'reset') {
            $how .= ', reset';
            ($version) = map { $_->{version} }
                         sort { $b->{version} <=> $a->{version} }
                         @{ $data->{orders} } if $data->{orders};
            return "$how to an older one" if $version < $from;

        } elsif ($event->{event} eq 'ready') {
            next;

        } elsif (!defined $version || $version != $from + 1) {
            return "$how, after $from: " . brief($event);
        }

        $from = $version;
    }

    return $how;
}


# What a process has in memory that is its own, in kB.
sub memory {
    my $pid = shift;

    open my $in, '<', "/proc/$pid/smaps_rollup" or die "$pid: $!\n";

    return (join('', <$in>) =~ /^Private_Dirty:\s+(\d+)/m)[0];
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: who does not read holds up nobody, and goes on in order when he does
--- http_config eval: $::patient . $::server
--- play
my $id = order_live('slow');
my @slow = slow($id);
my $quick = sse("/api/orders/$id/events", as => 'buyer', port => port());

is $quick->told, 'snapshot 1 pending', 'a quick one';

for my $n (1 .. 4) {
    touch($id, 100);
    is versions($quick, 100 * $n - 99, 100 * $n + 1), 'all', "quick: $n";
}

is versions($_, 1, 401), 'all', "slow: $_->{kind}" for @slow;
touch($id);
is $_->told, 'order_status_update 402 pending', 'and live again' for @slow;


=== TEST 2: who reads a little now and then sees each version, too
--- http_config eval: $::patient . $::server
--- play
my $id = order_live('now and then');
my @slow = slow($id);
my @seen = (1) x 3;

for my $n (1 .. 10) {
    touch($id, 30);

    for my $i (0 .. 2) {
        my $to = $seen[$i] + 7 * ($i + 1);

        is versions($slow[$i], $seen[$i], $to), 'all', "round $n";
        $seen[$i] = $to;
    }
}

is versions($slow[$_], $seen[$_], 301), 'all', 'the rest' for 0 .. 2;


=== TEST 3: a hundred who do not read cost little memory
--- http_config eval: $::patient . $::server
--- play
my $id = order_live('memory');
my @slow = slow($id, 33);
my $pid = OrderClient::master();

touch($id, 20);
$slow[0]->next;

my $before = memory($pid);

touch($id, 400);
ok wait_until(sub {
    (decoded(call("GET /api/order-status/$id", as => 'buyer'))->{version}
         // 0) == 421
}), 'all changes are there';

my $more = memory($pid) - $before;

cmp_ok $more, '<', 8000, "kB for 99 clients and 400 changes: $more";
is versions($slow[3], 1, 421), 'all', 'and they go on';
is versions($slow[5], 1, 421), 'all', 'each dress';


=== TEST 4: when the ring has gone past: a reset, or the log, or the order to come back
--- order
off
--- http_config eval: $::small
--- play
my $id = order_live('past');
my @slow = slow($id);

touch($id, 900) for 1 .. 2;
ok wait_until(sub {
    (decoded(call("GET /api/order-status/$id", as => 'buyer'))->{version}
         // 0) == 1801
}), 'all changes are there';

my @how = map { versions($_, 1, 1801) } @slow;

like $how[0], qr/^all(?:, reset)?$/, 'of an order';

for my $n (1, 2) {
    like $how[$n], qr/^all(?:, reset$|, after \d+: (?:end slow|closed)$)/,
        "all of the caller's: $how[$n]";
    ok $slow[$n]->over, 'told to come back' if $how[$n] =~ /slow|closed/;
}

touch($id, 2);

for my $n (0 .. 2) {
    is versions($slow[$n], 1801, 1803), 'all', 'live again'
        if $how[$n] !~ /slow|closed/;
}


=== TEST 5: who takes nothing for too long is dropped
--- order
order_push_timeout 1s;
--- http_config eval: $::server
--- play
my $id = order_live('dropped');
my @slow = slow($id, 2);
my $quick = sse("/api/orders/$id/events", as => 'buyer', port => port());

is $quick->told, 'snapshot 1 pending', 'a quick one';
touch($id, 200);
is versions($quick, 1, 201), 'all', 'the quick one is told';
ok wait_until(sub {
    call('GET /nginx', as => 'buyer')->{body} =~ /^Active connections: 2 /
}, 5), 'the others are gone';

for my $client (@slow) {
    my $how = versions($client, 1, 201);

    like $how, qr/^all, after \d+: (?:end slow|closed)$/, "$client->{kind}: $how";
    ok $client->over, 'closed';
}

touch($id);
is $quick->told, 'order_status_update 202 pending', 'the quick one goes on';
--- config
    location /api/ { order_api; }
    location = /nginx { stub_status; }


=== TEST 6: who has nothing to take is not dropped
--- order
order_push_timeout 1s;
order_push_heartbeat 1s;
--- http_config eval: $::server
--- play
my $id = order_live('idle');
my @idle = slow($id);

ok wait_until(sub {
    $_->pump(0) for @idle;
    return !grep { $_->{beats} + $_->{pings} < 4 } @idle;
}), 'all have heard of it';
is scalar(grep { $_->{closed} } @idle), 0, 'and are there';

touch($id);
is $_->told, 'order_status_update 2 pending', 'and told' for @idle;


=== TEST 7: a slow client of many orders sees each version of each
--- http_config eval: $::patient . $::server
--- play
my @ids = map { order_live("many $_") } 1 .. 10;
my ($all) = (slow($ids[0]))[2];
my $some = ws('/ws?subscribe=none', as => 'buyer', port => port(),
              buffer => 2048);

$some->say({ type => 'subscribe', orderId => $_ }) for @ids;
$some->next for @ids;

for my $n (1 .. 15) {
    sql("UPDATE shop.orders SET order_notes = 'x'
          WHERE id IN ('" . join("', '", @ids) . "')");
}

for my $client ($all, $some) {
    my %seen = map { ($_ => 1) } @ids;
    my $faults = 0;

    for (1 .. 150) {
        my $order = $client->next->{data}{order} // {};

        $faults++ if ($order->{version} // 0)
                     != ++$seen{ $order->{_id} // '' };
    }

    is $faults, 0, 'in order, none missing';
    is join(' ', sort { $a <=> $b } values %seen), join(' ', (16) x 10),
        'to the end';
}


=== TEST 8: a client that never reads even the head
--- http_config eval: $::patient . $::server
--- play
my $id = order_live('head');
my @how = (as => 'buyer', port => port(), buffer => 2048, nowait => 1);
my @clients = map {
    (sse("/api/orders/$id/events", @how), ws('/ws', @how))
} 1 .. 10;

touch($id, 100);

$_->close('reset') for splice @clients, 2;

my @told = map { brief($_) } $clients[0]->head->until(qr/_update 101 /);

like $told[0], qr/^snapshot \d+ pending$/, 'the snapshot of then';
is $told[-1], 'order_status_update 101 pending', 'and on to the last';
