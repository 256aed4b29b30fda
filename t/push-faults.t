# Clients that behave badly, or come in crowds: they cost the others nothing,
# and leave nothing behind.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

use IO::Select;
use POSIX ();

our $config = <<'END';
    location ~ ^/(api|ws) { order_api; }
    location = /nginx { stub_status; }
END


# What nginx says of its connections: those that are open, or the requests
# that are being answered, this one not counted.
sub active  { return nginx(qr/^Active connections: (\d+)/) - 1 }
sub waiting { return nginx(qr/Writing: (\d+)/) - 1 }

sub nginx {
    my $like = shift;

    return (call('GET /nginx')->{body} =~ $like)[0];
}


# Sends these requests at once, before any of the answers is read: the streams
# that are open, and the answers that none are.
sub crowd {
    my @streams = map { $_->() } @_;

    return sort_out(@streams);
}

sub sort_out {
    my (@open, @not);

    for my $stream (@_) {
        push @{ $stream->head->{code} =~ /^(?:200|101)$/ ? \@open : \@not },
            $stream;
    }

    return (\@open, \@not);
}


# All are refused with this problem.
sub is_refused {
    my ($got, $status, $code, $what) = @_;
    my %got;

    $got{ join ' ', $_->{code}, decoded($_)->{code} // '-',
          $_->{headers}{'retry-after'} // '-' }++ for @$got;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is_deeply(\%got, { "$status $code 30" => scalar @$got }, $what);
}


# --- HTTP/2, frame by frame, of which it needs little


sub h2_frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}


sub h2_text {
    my $text = shift;
    my $length = length $text;

    return chr($length) . $text if $length < 127;

    my $head = chr 127;

    for ($length -= 127; $length > 127; $length >>= 7) {
        $head .= chr(128 | $length & 127);
    }

    return $head . chr($length) . $text;
}


sub h2_request {
    my ($stream, $path) = @_;
    my @headers = (':method', 'GET', ':scheme', 'http', ':path', $path,
                   ':authority', 'localhost', 'authorization',
                   'Bearer ' . token('buyer'));
    my $block = '';

    while (my ($name, $value) = splice @headers, 0, 2) {
        $block .= "\0" . h2_text($name) . h2_text($value);
    }

    return h2_frame(1, 5, $stream, $block);
}


# A connection that takes little at once, with a window of 1 MB for each stream.
sub h2_open {
    my $port = shift;
    my $socket = OrderStream::dial($port, 16384);
    my $self = bless { socket => $socket, in => '' }, 'OrderStream';

    $self->put("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
               . h2_frame(4, 0, 0, pack 'nN', 4, 1 << 20)
               . h2_frame(8, 0, 0, pack 'N', 1 << 30));

    return $self;
}


# The stream may carry so many bytes more.
sub h2_more {
    my ($self, $stream, $bytes) = @_;

    $self->put(h2_frame(8, 0, $stream, pack 'N', $bytes));
}


# Reads frames until it is true; false if that takes too long.
sub h2_until {
    my ($self, $true) = @_;

    until ($true->()) {
        IO::Select->new($self->{socket})->can_read($ENV{TEST_NGINX_TIMEOUT})
            && sysread $self->{socket}, $self->{in}, 8192, length $self->{in}
            or return 0;

        for ( ;; ) {
            last if length $self->{in} < 9;

            my ($length, $type, $flags, $id)
                = unpack 'NCCN', "\0" . substr $self->{in}, 0, 9;

            last if length $self->{in} < 9 + $length;

            my $stream = $self->{$id} //= { data => '', end => 0, size => 0 };
            my $payload = substr substr($self->{in}, 0, 9 + $length, ''), 9;

            $stream->{head} = $payload if $type == 1;
            $stream->{reset} = 1 if $type == 3;
            $stream->{size} += $length if $type == 0;
            $stream->{data} .= $payload if $type == 0 && $id > 1;
            $stream->{end} = 1 if $type < 2 && $flags & 1;
        }
    }

    return 1;
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a client that closes at once after its request costs nobody anything
--- config eval: $::config
--- play
my $id = order_live('gone');
my $stay = sse("/api/orders/$id/events", as => 'admin');
my $pid = OrderClient::master();

$stay->next;

for my $path ("/api/orders/$id/events", '/api/events', '/ws') {
    for my $how ('', 'reset') {
        for (1 .. 50) {
            my @how = (as => 'buyer', nowait => 1);
            my $gone = $path eq '/ws' ? ws($path, @how) : sse($path, @how);

            $gone->close($how);
        }

        is $stay->before($id), '', "$path $how: who stays is told";
        ok wait_until(sub { active() == 1 }), 'the others are gone';
    }
}

is OrderClient::master(), $pid, 'nobody has died';

my ($open, $not) = crowd((sub { sse('/api/events', as => 'buyer',
                                    nowait => 1) }) x 65);

is @$open, 64, 'each gave its place back';
is_refused $not, 429, 'TOO_MANY_STREAMS', 'but there are no more';


=== TEST 2: nor does one that closes while its order is looked for
--- order
order_push_user_clients 3;
--- config eval: $::config
--- play
my ($id, $number) = (order_live('looked'), order_number('looked'));
my $stay = sse("/api/orders/$id/events", as => 'admin');

$stay->next;

my $lock = hold('LOCK TABLE shop.orders');
my @gone = map { sse("/api/orders/$number/events", as => 'buyer',
                     nowait => 1) } 1 .. 30;
my $one = sse("/api/orders/$number/events", as => 'buyer', nowait => 1);

ok wait_until(sub { waiting() == 31 }), 'all wait for the database';
$_->close for splice @gone, 0, 15;
$_->close('reset') for @gone;
ok wait_until(sub { active() == 2 }), 'they are gone';
release($lock);
is $one->head->told, 'snapshot 1 pending', 'who waits on has it';
is $stay->before($id), '', 'who stays is told';
$one->close;
ok wait_until(sub { active() == 1 }), 'no connection is left';

my ($open, $not) = crowd((sub { sse('/api/events', as => 'buyer',
                                    nowait => 1) }) x 4);

is @$open, 3, 'each gave its place back';


=== TEST 3: of a user's streams that come at once, as many are open as may be
--- order
order_push_user_clients 4;
--- config eval: $::config
--- play
my $number = order_number('crowd', status => 'shipped');
my @how = (as => 'buyer', nowait => 1);
my $lock = hold('LOCK TABLE shop.orders');
my @streams = map { sse("/api/orders/$number/events", @how) } 1 .. 40;

ok wait_until(sub { waiting() == 40 }), 'all wait for the database';
release($lock);

my ($open, $not) = sort_out(@streams);

is @$open, 4, 'four are open';
is_refused $not, 429, 'TOO_MANY_STREAMS', 'the others are told';
is join(', ', map { $_->told } @$open),
    join(', ', ('snapshot 4 shipped') x 4), 'which work';

for my $round (1 .. 3) {
    $_->close($round % 2 ? '' : 'reset') for @$open, @$not;
    ok wait_until(sub { active() == 0 }), 'when they go';

    ($open, $not) = crowd((sub { ws('/ws', @how) },
                           sub { sse('/api/events', @how) },
                           sub { sse("/api/orders/$number/events", @how) })
                          x 10);

    is @$open, 4, 'there is room for four again, of any kind';
    is_refused $not, 429, 'TOO_MANY_STREAMS', 'and no more';
}

is sse('/api/events', as => 'seller')->{code}, 200, 'another user has his own';


=== TEST 4: of all who come at once, as many as the worker has room for
--- order
order_push_clients 6;
--- config eval: $::config
--- play
my $number = order_number('all', status => 'shipped');
my @users = qw(buyer seller admin);
my $lock = hold('LOCK TABLE shop.orders');
my @streams = map { my $as = $_; map {
    sse("/api/orders/$number/events", as => $as, nowait => 1) } 1 .. 12
} @users;

ok wait_until(sub { waiting() == 36 }), 'all wait for the database';
release($lock);

my ($open, $not) = sort_out(@streams);

is @$open, 6, 'six are open';
is_refused $not, 503, 'TOO_MANY_SUBSCRIBERS', 'the others are told';

for my $round (1 .. 3) {
    $_->close($round % 2 ? '' : 'reset') for @$open, @$not;
    ok wait_until(sub { active() == 0 }), 'when they go';

    ($open, $not) = crowd(map {
        my @how = (as => $_, nowait => 1);
        (sub { ws('/ws', @how) }, sub { sse('/api/events', @how) },
         sub { sse("/api/orders/$number/events", @how) }) x 4
    } @users);

    is @$open, 6, 'there is room for six again, whoever they are';
    is_refused $not, 503, 'TOO_MANY_SUBSCRIBERS', 'and no more';
}


=== TEST 5: an HTTP/2 stream opens and is served beside a large download
--- config eval: $::config
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 http2 sndbuf=16k;
    root $TEST_NGINX_SERVROOT/html;
    output_buffers 2 512k;
    sendfile off;
    location /api { order_api; }
    location /big { }
}
--- play
open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) http2/;
my $size = 8 << 20;

open my $out, '>', "$ENV{TEST_NGINX_SERVROOT}/html/big" or die $!;
truncate $out, $size or die $!;
close $out;

my $id = order_live('h2');
my $h2 = h2_open($port);

$h2->put(h2_request(1, '/big'));
ok h2_until($h2, sub { $h2->{1}{size} }), 'the download has begun';
ok wait_until(sub { waiting() == 1 }), 'and goes on';
$h2->put(h2_request(3, '/api/events') . h2_request(5,
                                                   "/api/orders/$id/events"));
ok wait_until(sub { waiting() == 3 }), 'the streams have come';
ok h2_until($h2, sub { ($h2->{3}{data} // '') =~ /event: ready/
                       && ($h2->{5}{data} // '') =~ /event: snapshot/ }),
    'and are open';
is ord(substr $h2->{$_}{head}, 0, 1) & ~0x20, 0x88, "stream $_: 200"
    for 3, 5;
ok !$h2->{1}{end}, 'beside the download';

for my $version (2 .. 4) {
    my $size = $h2->{1}{size} + (1 << 19);

    h2_more($h2, 1, 1 << 20);
    touch($id);
    ok h2_until($h2, sub { 2 == grep { $h2->{$_}{data} =~
                               /_update\ndata: .*"version":$version,/ } 3, 5 }),
        "version $version";
    ok h2_until($h2, sub { $h2->{1}{size} > $size }), 'while it goes on';
    ok !$h2->{1}{end}, 'beside the download';
}

h2_more($h2, 1, 1 << 24);
ok h2_until($h2, sub { $h2->{1}{end} }), 'which ends';
is $h2->{1}{size}, $size, 'complete';
touch($id);
ok h2_until($h2, sub { 2 == grep { $h2->{$_}{data} =~ /"version":5,/ } 3, 5 }),
    'the streams go on';
is join(' ', map { $h2->{$_}{reset} // 0 } 1, 3, 5), '0 0 0', 'none was reset';


=== TEST 6: who subscribes and unsubscribes at once is not subscribed
--- config eval: $::config
--- play
my ($id, $number) = (order_live('un'), order_number('un'));
my $other = order_live('fence');
my $socket = ws('/ws?subscribe=none', as => 'buyer');

$socket->say({ type => 'subscribe', orderId => $other });
is $socket->told, 'snapshot 1 pending', 'another order';

for my $name ($id, $number, uc $id) {
    $socket->say({ type => 'subscribe', orderId => $name });
    $socket->say({ type => 'unsubscribe', orderId => $name });
    $socket->say({ type => 'ping' });

    my @told = $socket->until(qr/^pong/);

    is join(', ', grep { !/^snapshot/ } map { brief($_) } @told),
        'unsubscribed client, pong', "$name: told so";
    touch($id, 3);
    is $socket->before($other), '', 'and of nothing more';
    $socket->say({ type => 'unsubscribe', orderId => $name });
    is $socket->told, 'error NOT_SUBSCRIBED', 'it is not subscribed';
}

$socket->say({ type => 'subscribe', orderId => $id });
like $socket->told, qr/^snapshot \d+ pending$/, 'and may subscribe again';


=== TEST 7: also while the order is looked for
--- config eval: $::config
--- play
my $other = order_live('cold fence');

for my $what ('id', 'number') {
    my ($id, $number) = (order_id("cold $what"), order_number("cold $what"));
    my $name = $what eq 'id' ? $id : $number;
    my $socket = ws('/ws?subscribe=none', as => 'buyer');
    my $lock = hold('LOCK TABLE shop.orders');

    $socket->say({ type => 'subscribe', orderId => $name });
    $socket->say({ type => 'unsubscribe', orderId => $name });
    $socket->say({ type => 'ping' });
    is join(', ', map { brief($_) } $socket->until(qr/^pong/)),
        'unsubscribed client, pong', "by its $what: told so";
    release($lock);

    $socket->say({ type => 'subscribe', orderId => $other });
    like $socket->told, qr/^snapshot \d+ pending$/, 'another order comes';
    touch($id, 3);
    is $socket->before($other), '', 'nothing more of this one';
    $socket->say({ type => 'unsubscribe', orderId => $id });
    is $socket->told, 'error NOT_SUBSCRIBED', 'it is not subscribed';
}


=== TEST 8: what is uploaded on a stream is thrown away, and starves nobody
--- config eval: $::config
--- play
my $id = order_live('garbage');
my $stream = sse("/api/orders/$id/events", as => 'buyer');
my @children;

$stream->next;

# two write, so that there is always something to read

for (1 .. 2) {
    pipe my $out, my $in or die $!;
    my $pid = fork // die $!;

    if ($pid == 0) {
        my $bytes = 0;

        while (my $n = syswrite $stream->{socket}, 'x' x 65536) {
            $bytes += $n;
            syswrite($in, '.'), $bytes -= 1 << 20 if $bytes >= 1 << 20;
        }

        POSIX::_exit(0);
    }

    $out->blocking(0);
    push @children, { pid => $pid, out => $out, read => 0 };
}

my $read = sub {
    my $least = shift;

    return wait_until(sub {
        for (@children) {
            $_->{read} += sysread($_->{out}, my $dots, 65536) // 0;
        }
        return !grep { $_->{read} < $least } @children;
    });
};

ok $read->(16), 'megabytes are read';

my @codes = map { call("GET /api/order-status/$id", as => 'buyer')->{code} }
            1 .. 30;

is join(' ', @codes), join(' ', (200) x 30), 'polls are answered meanwhile';
ok $read->(16 + $children[0]{read}), 'and more is read';
touch($id, 3);
is $stream->told(3), join(', ', map { "order_status_update $_ pending" } 2 .. 4),
    'and the stream is told';

kill 'KILL', map { $_->{pid} } @children;
waitpid $_->{pid}, 0 for @children;


=== TEST 9: however much of it is there, others have their turn first
--- config eval: $::config
--- play
my @streams = map { sse('/api/events', as => 'buyer') } 1 .. 3;
my $pid = OrderClient::master();

$_->next for @streams;
kill 'STOP', $pid;

# as much as the system keeps for nginx, and the end

for my $stream (@streams) {
    ok $stream->put('x' x 49152), 'it is uploaded';
    $stream->half_close;
}

my $asked = start('GET /nginx');

kill 'CONT', $pid;

like finish($asked)->{body}, qr/^Active connections: 4 /,
    'who asks is answered before all is read, and the connections closed';
ok wait_until(sub { active() == 0 }), 'which comes afterwards';
