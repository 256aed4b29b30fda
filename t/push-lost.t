# Streams whose place the ring has gone past, and gaps that nobody can tell:
# an order's versions come from the change log, else the full state; nobody is
# left behind without a word.

use strict;
use warnings;

use lib 't/lib';
use OrderTest qw(:DEFAULT http_config);
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

our $dir = File::Temp::tempdir(CLEANUP => 1);

chmod 0755, $dir;
system('openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost'
       . " -keyout $dir/key -out $dir/crt 2>/dev/null") == 0
    or die "openssl failed\n";

# a server whose connections hold little in the system, and a ring of some 260
# changes

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

our @ports = map { OrderTest::free_port() } 1 .. 2;
our $tls = <<"END";
ssl_certificate $dir/crt;
ssl_certificate_key $dir/key;
server {
    listen 127.0.0.1:$ports[0] ssl sndbuf=4k;
    location / { order_api; }
}
server {
    listen 127.0.0.1:$ports[1] ssl sndbuf=4k;
    order_push_detach off;
    location / { order_api; }
}
END


# How clients connect that read nothing until they are told to.
sub slow {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
    my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) sndbuf/;

    return (as => 'buyer', port => $port, buffer => 2048);
}


# A WebSocket that is subscribed to these orders only, and has their snapshots.
sub socket_of {
    my ($ids, @how) = @_;
    my $socket = ws('/ws?subscribe=none', @how);

    for my $id (@$ids) {
        $socket->say({ type => 'subscribe', orderId => $id });
        $socket->next;
    }

    return $socket;
}


# A stream that is read at once, its first event read.
sub quick {
    my $stream = sse("/api/orders/$_[0]/events", as => 'admin');

    $stream->next;
    $stream->{of} = $_[0];

    return $stream;
}


# The versions of an order from one to another: "all", or what came instead.
sub versions {
    my ($client, $from, $to) = @_;

    for my $version ($from .. $to) {
        my $event = $client->next;

        return "before $version: " . brief($event)
            if ($event->{data}{order}{version} // 0) != $version;
    }

    return 'all';
}


# Changes an order so often that nothing else is in a small ring, but never so
# much at once that a worker misses some: a quick stream is told each.
sub overtake {
    my ($quick, $times) = @_;
    my $id = $quick->{of};
    my $how = 'all';

    for (1 .. $times // 4) {
        my $to = touch($id, 100);

        $how = versions($quick, $to - 99, $to);
        last if $how ne 'all';
    }

    return $how;
}


# Reads a client's versions of an order, from that one on, until something
# else comes: the last version, and what came.
sub up_to {
    my ($client, $version) = @_;

    for ( ;; ) {
        my $event = $client->next;

        $client->{place} = $event->{id} if $event->{id};
        return ($version, $event)
            if ($event->{data}{order}{version} // 0) != $version + 1;
        $version++;
    }
}


# Of the full state that a caller is told, the version of that order.
sub in_state {
    my ($event, $id) = @_;

    return join ' ', map { $_->{version} }
           grep { $_->{order_id} eq $id } @{ $event->{data}{orders} // [] };
}


# Changes these orders in a way that the change log cannot tell.
sub gap {
    my $in = join ', ', map { "'$_'" } @_;

    sql("DO \$\$ BEGIN
            UPDATE shop.orders SET order_notes = 'gap' WHERE id IN ($in);
            DELETE FROM shop.change_log WHERE order_id IN ($in);
            UPDATE shop.change_log_floor
               SET xid = pg_current_xact_id(), removed = pg_current_snapshot();
         END \$\$");
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an order's stream that takes nothing while the ring goes past misses no version
--- order
off
--- http_config eval: $::small
--- play
my $id = order_live('past');
my $quick = quick(order_live('past by', buyer => 'buyer2'));
my @slow = (sse("/api/orders/$id/events", slow()), socket_of([$id], slow()));

$slow[0]->next;

my $before = queries('order_changes');

touch($id, 250);
is overtake($quick), 'all', 'a quick one misses nothing';
is versions($_, 2, 251), 'all', "$_->{kind}: each version" for @slow;
cmp_ok queries('order_changes'), '>=', $before + 2, 'from the change log';
touch($id);
is $_->told, 'order_status_update 252 pending', 'and live again' for @slow;


=== TEST 2: one that is read now and then while the ring goes past
--- order
off
--- http_config eval: $::small
--- play
my $id = order_live('then');
my $quick = quick(order_live('then by', buyer => 'buyer2'));
my @slow = (sse("/api/orders/$id/events", slow()), socket_of([$id], slow()));

$slow[0]->next;

my $before = queries('order_changes');

for my $n (0 .. 2) {
    touch($id, 60);
    is versions($_, 40 * $n + 2, 40 * $n + 41), 'all', "round $n" for @slow;
    is overtake($quick, 3), 'all', 'the quick one';
}

is versions($_, 122, 181), 'all', 'the rest' for @slow;
cmp_ok queries('order_changes'), '>', $before, 'from the change log';


=== TEST 3: who resumes from the change log and takes nothing gets all of it later
--- order
off
--- http_config eval: $::small
--- play
my $id = order_live('resume');
my $quick = quick(order_live('resume by', buyer => 'buyer2'));
my $place = sse("/api/orders/$id/events", as => 'buyer')->next->{id};

touch($id, 250);
is overtake($quick), 'all', 'the ring has gone past';

my $before = queries('order_changes');
my @slow = (sse("/api/orders/$id/events", slow(), last => $place),
            ws('/ws?subscribe=none', slow()));

$slow[1]->say({ type => 'subscribe', orderId => $id, version => 1 });
ok wait_until(sub { queries('order_changes') >= $before + 2 }),
    'both are being told from the log';

touch($id);
is overtake($quick), 'all', 'and the ring goes on';
is versions($_, 2, 252), 'all', "$_->{kind}: each version" for @slow;
touch($id);
is $_->told, 'order_status_update 253 pending', 'and live again' for @slow;


=== TEST 4: a caller's stream that takes nothing while the ring goes past is told so, and comes back
--- order
off
--- http_config eval: $::small
--- play
my $id = order_live('mine');
my $quick = quick(order_live('mine by', buyer => 'buyer2'));
my %slow = (sse => sse('/api/events', slow()), ws => ws('/ws', slow()));

$_->{place} = $_->next->{id} for values %slow;
touch($id, 200);
is overtake($quick), 'all', 'a quick one misses nothing';

my ($last, $event) = up_to($slow{sse}, 1);

is brief($event), 'end slow', "SSE: why, after $last";
cmp_ok $last, '<', 201, 'not all was told';
like $event->{retry}, qr/^[1-5]\d{3}$/, 'it may come back';
ok $slow{sse}->over, 'closed';

($last, $event) = up_to($slow{ws}, 1);

is $event->{event}, 'closed', "WebSocket: closed after $last";
cmp_ok $last, '<', 201, 'not all was told';
is join(' ', @{ $slow{ws} }{qw(closing why)}), '1013 slow', 'why';

my @again = (sse('/api/events', as => 'buyer', last => $slow{sse}{last}),
             ws("/ws?last_event_id=$slow{ws}{place}", as => 'buyer'));

for my $client (@again) {
    my $event = $client->next;

    is $event->{event}, 'reset', "$client->{kind}: the full state";
    is in_state($event, $id), 201, 'with the order as it is';
}

touch($id);
is((grep { !/^ready/ } map { brief($_) } $_->until(qr/_update/))[0],
    'order_status_update 202 pending', 'and live again') for @again;


=== TEST 5: who takes nothing when a gap comes is told the full state
--- http_config eval: $::patient . $::server
--- play
my $id = order_live('missed');
my $quick = quick($id);
my @slow = (sse("/api/orders/$id/events", slow()), socket_of([$id], slow()),
            sse('/api/events', slow()), ws('/ws', slow()));

$_->next for @slow[0, 2, 3];
touch($id, 120);
is versions($quick, 2, 121), 'all', 'a quick one';
gap($id);
is $quick->told, 'reset 122 pending', 'a gap';

for my $n (0 .. 3) {
    my ($last, $event) = up_to($slow[$n], 1);

    is $event->{event}, 'reset', "$slow[$n]{kind} $n: a reset after $last";
    cmp_ok $last, '<', 121, 'not all was told';
    is $n < 2 ? $event->{data}{state}{version} : in_state($event, $id), 122,
        'as it is';
}

touch($id);
is $_->told, 'order_status_update 123 pending', 'and live again' for @slow;


=== TEST 6: a slow client over TLS gets everything
--- order
off
--- http_config eval: $::small . $::tls
--- play
my $id = order_live('tls');
my $quick = quick($id);
my @how = (as => 'buyer', tls => 1, buffer => 2048);
my @slow = (sse("/api/orders/$id/events", @how, port => $::ports[0]),
            socket_of([$id], @how, port => $::ports[0]),
            sse("/api/orders/$id/events", @how, port => $::ports[1]));

$_->next for @slow[0, 2];

my $before = queries('order_changes');

is overtake($quick, 10), 'all', 'a quick one';
is versions($_, 2, 1001), 'all', "$_->{kind}: each version" for @slow;
cmp_ok queries('order_changes'), '>=', $before + 3, 'all of them were blocked';
touch($id);
is $_->told, 'order_status_update 1002 pending', 'and live again' for @slow;


=== TEST 7: a gap wakes the polls that wait
--- config
    location /api/ { order_api; }
    location = /nginx { stub_status; }
--- play
my @ids = map { order_live("poll $_") } 1 .. 5;
my @polls = map {
    my $seen = call("GET /api/order-status/$_", as => 'buyer');

    start("GET /api/order-status/$_?wait=60", as => 'buyer',
          headers => "If-None-Match: $seen->{headers}{etag}");
} @ids;

ok wait_until(sub { call('GET /nginx')->{body} =~ /Writing: 6 / }), 'they wait';
gap($ids[0]);

my @got = map { finish($_) } @polls;

is $got[0]{code}, 200, 'what has changed';
is decoded($got[0])->{version}, 2, 'as it is';
is $_->{code}, 304, 'what has not' for @got[1 .. 4];


=== TEST 8: a gap costs a slow client of many orders nothing but a reset of each
--- http_config eval: $::patient . $::server
--- play
my @ids = map { order_live("gap $_") } 1 .. 3;

# each an order of its own: what is ordered seems to depend on n

push @ids, split / /, sql(
    "SELECT string_agg(p.body::json->>'order_id', ' ')
       FROM generate_series(1, 97) n,
            api.place_order('" . user_id('buyer') . "', 'customer', NULL, NULL,
                ('[{\"product_id\": \"" . product_id(31) . "\",
                    \"quantity\": ' || sign(n) || '}]')::jsonb, 'card', NULL,
                NULL) p");
is @ids, 100, 'orders';

my @slow = map { socket_of(\@ids, slow()) } 1 .. 2;
my $all = ws('/ws', slow());
my $quick = quick($ids[0]);

is brief($all->next), 'ready', 'one of all orders';

# that one is older, and is there still when the gap has been told

my $open = hold('SELECT pg_current_xact_id()');

gap(@ids);
is $quick->told, 'reset 2 pending', 'a quick one, which has its turn last';

my $reads = queries('feed_read');

release($open);
ok wait_until(sub { queries('feed_read') > $reads + 1 }), 'it has ended';

for my $client (@slow) {
    my %told;

    for (@ids) {
        my $event = $client->next;

        $told{ brief($event) . ' ' . ($event->{data}{order_id} // '-') }++;
        last if $event->{event} =~ /^(?:closed|nothing)$/;
    }

    is_deeply \%told, { map { ("reset 2 pending $_" => 1) } @ids },
        'one for each order';
}

my $event = $all->next;

is brief($event), 'reset of 100', 'that of all orders: one';
is in_state($event, $ids[99]), 2, 'as it is';
ok !$_->over(0), 'nobody was dropped' for @slow, $all;
touch($ids[7]);
is $_->told, 'order_status_update 3 pending', 'and live again'
    for @slow, $all;
