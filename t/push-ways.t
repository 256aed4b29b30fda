# Streams over whatever a connection may be: TLS or not, HTTP/2 or not, taken
# over or with nginx's request kept.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

use Time::HiRes qw(sleep time);

our $dir = File::Temp::tempdir(CLEANUP => 1);

chmod 0755, $dir;
system('openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost'
       . " -keyout $dir/key -out $dir/crt 2>/dev/null") == 0
    or die "openssl failed\n";

my @ports = map { OrderTest::free_port() } 0 .. 4;

our %ways = (
    'the connection is taken over' => [port => $ports[0]],
    'the request is kept' => [port => $ports[1]],
    'TLS' => [port => $ports[2], tls => 1],
    'TLS, the request is kept' => [port => $ports[3], tls => 1],
    'HTTP/2' => [port => $ports[4], http2 => 1],
    'HTTP/2 over TLS' => [port => $ports[2], tls => 1, http2 => 1],
);

my $tls = "ssl_certificate $dir/crt; ssl_certificate_key $dir/key;";
my $api = 'location / { order_api; }';
my $kept = 'order_push_detach off;';

our $servers = <<"END";
log_format streams 'stream \$server_port \$status \$request_uri';
access_log \$TEST_NGINX_SERVROOT/logs/streams.log streams;
server { listen 127.0.0.1:$ports[0] sndbuf=4k; $api }
server { listen 127.0.0.1:$ports[1] sndbuf=4k; $kept $api }
server { listen 127.0.0.1:$ports[2] ssl http2 sndbuf=4k; $tls $api }
server { listen 127.0.0.1:$ports[3] ssl sndbuf=4k; $tls $kept $api }
server { listen 127.0.0.1:$ports[4] http2 sndbuf=4k; $api }
END


# All streams that there are this way, opened: of an order, of the caller, and
# a WebSocket where that can be.
sub streams {
    my ($way, $id, %how) = @_;
    my @how = (as => 'buyer', @{ $ways{$way} }, %how);
    my @streams = (sse("/api/orders/$id/events", @how),
                   sse('/api/events', @how));

    push @streams, ws('/ws', @how) if $way !~ m{HTTP/2};
    $_->{opened} = $_->told for @streams;

    return @streams;
}

# Reads these versions, which are too many for reading each as JSON.
sub in_order {
    my ($stream, $from, $to) = @_;

    for my $version ($from .. $to) {
        until (@{ $stream->{events} }) {
            return "none behind $version"
                if !$stream->pump($ENV{TEST_NGINX_TIMEOUT});
        }

        my ($got) = shift(@{ $stream->{events} })->{text}
                    =~ /"version":(\d+)/;

        return "$got for $version" if $got != $version;
    }

    return 'all';
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: they open, are told, go on from where they were, and end
--- http_config eval: $::servers
--- play
for my $way (sort keys %::ways) {
    my $id = order_live($way, status => 'shipped');
    my @streams = streams($way, $id);

    is join(', ', map { $_->{opened} } @streams[0, 1]),
        'snapshot 4 shipped, ready', "$way: open";

    touch($id, 20);
    is $_->told(20),
        join(', ', map { "order_status_update $_ shipped" } 5 .. 24), 'told'
        for @streams;

    my $last = $streams[0]{last};

    touch($id);
    is $_->told, 'order_status_update 25 shipped', 'one more' for @streams;
    is sse("/api/orders/$id/events", as => 'buyer', last => $last,
           @{ $::ways{$way} })->told, 'order_status_update 25 shipped',
        'resumed';
    is_problem sse("/api/orders/$id/events", as => 'buyer2',
                   @{ $::ways{$way} }), 403, 'FORBIDDEN', 'refused';

    order_set($id, 'delivered');
    is $_->told, 'order_status_update 26 delivered', 'its end'
        for @streams;
    is $streams[0]->told, 'end final', 'the stream ends';
    ok $streams[0]->over, 'closed';
    is $streams[2]->leave, 1000, 'good-bye' if $streams[2];
}


=== TEST 2: a token that expires ends them
--- order
order_jwt_leeway 0s;
--- http_config eval: $::servers
--- play
my $id = order_live('expires');
my %streams = map { ($_ => [streams($_, $id, token => token('buyer', 10))]) }
                  keys %::ways;

for my $way (sort keys %streams) {
    my ($one, $all, $socket) = @{ $streams{$way} };

    is $_->told(1, 30), 'end token_expired', "$way: why" for $one, $all;
    ok $_->over, 'closed' for $one, $all;
    is "$socket->{opened}, " . $socket->close_code(30), 'ready, 4401',
        'WebSocket: why' if $socket;
}


=== TEST 3: who does not read goes on in order when he does
--- order
order_push_heartbeat 10m;
order_push_timeout 10m;
--- http_config eval: $::servers
--- play
my $id = order_live('slow');
my @how = (buffer => 2048);
my %streams = map { ($_ => [streams($_, $id, @how)]) } keys %::ways;

touch($id, 1500);

for my $way (sort keys %streams) {
    for my $stream (@{ $streams{$way} }) {
        is in_order($stream, 2, 1501), 'all', "$way: $stream->{kind}";
    }
}


=== TEST 4: they leave nothing, however they go
--- config
    location /api/ { order_api; }
    location = /nginx { stub_status; }
--- http_config eval: $::servers
--- play
my $id = order_live('leave');

for my $way (sort keys %::ways) {
    my @streams = map { streams($way, $id) } 1 .. 3;

    $_->half_close for grep { !$_->{pid} } splice @streams, 0, 3;
    $_->close($_->{pid} ? undef : 'reset') for splice @streams, 0, 3;
    $_->close for @streams;
    touch($id);
}

ok wait_until(sub {
    call('GET /nginx')->{body} =~ /^Active connections: 1 /
}), 'no connection is left';


=== TEST 5: each has its line in the access log
--- http_config eval: $::servers
--- play
my $id = order_live('log');
my @streams = map { streams($_, $id) } keys %::ways;
my $count = @streams;

@streams = ();

my %ports = map { ({ @$_ }->{port} => 1) } values %::ways;
my @lines;

ok wait_until(sub {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/streams.log"
        or return 0;
    @lines = grep { m{^stream (\d+) (?:200|101) /(?:ws|api/.*events)$}
                    && $ports{$1} } <$in>;
    return @lines == $count;
}), "$count lines" or diag(@lines);


=== TEST 6: a body is refused; bytes behind the request do not matter
--- http_config eval: $::servers
--- play
my $id = order_live('body');

for my $way (grep { !m{HTTP/2} } sort keys %::ways) {
    my @how = (as => 'buyer', @{ $::ways{$way} }, nowait => 1);
    my $stream = sse('/api/events', @how, headers => 'Content-Length: 100');

    $stream->put('x' x 100);
    is_problem $stream->head, 400, 'INVALID_INPUT', "$way: a body";

    $stream = sse("/api/orders/$id/events", @how);
    $stream->put("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" x 50);
    like $stream->head->told, qr/^snapshot \d+ pending$/, 'the snapshot';

    my $version = touch($id);

    is $stream->told, "order_status_update $version pending", 'a change';
}


=== TEST 7: WebSocket is spoken over HTTP/1.1 only
--- http_config eval: $::servers
--- play
for my $way (grep { m{HTTP/2} } sort keys %::ways) {
    my $got = sse('/ws', as => 'buyer', @{ $::ways{$way} });

    is_problem $got, 400, 'BAD_HANDSHAKE', $way;
}


=== TEST 8: a client that comes and goes while changes are under way
--- http_config eval: $::servers
--- play
my $id = order_live('comes');
my $stay = sse("/api/orders/$id/events", as => 'buyer');

$stay->next;

for my $round (1 .. 8) {
    my @streams;

    for my $way (sort keys %::ways) {
        my @how = (as => 'buyer', @{ $::ways{$way} }, nowait => 1);

        next if $way =~ m{HTTP/2};
        push @streams, sse("/api/orders/$id/events", @how),
            sse('/api/events', @how), ws('/ws', @how);
        touch($id) if $round % 2;
    }

    touch($id, 5) if $round % 3;
    $_->close for @streams;
}

my $last = touch($id);
my @told = $stay->until(qr/_update $last pending/);

is join(' ', map { $_->{data}{order}{version} } @told),
    join(' ', 2 .. $last), 'who stays is told of all';
--- no_error_log
[alert]
[emerg]
