# WebSocket as RFC 6455 has it: the handshake, frames, messages, closing;
# with bytes of our own, sent whole and one by one, and with a client that is
# not ours.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use OrderWs;
use Test::Nginx::Socket;

use File::Temp qw(tempdir);
use Time::HiRes qw(time);

our $dir = tempdir(CLEANUP => 1);

chmod 0755, $dir;
system('openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost'
       . " -keyout $dir/key -out $dir/crt 2>/dev/null") == 0
    or die "openssl failed\n";

our $ping = '{"type":"ping"}';


# A handshake with one of its lines changed, or left out.
sub handshake {
    my (%change) = @_;
    my %lines = (
        'Upgrade' => 'websocket', 'Connection' => 'Upgrade',
        'Sec-WebSocket-Version' => '13',
        'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==', %change);

    return join "\n", map { "$_: $lines{$_}" }
                      grep { defined $lines{$_} } sort keys %lines;
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a handshake is accepted as RFC 6455 has it
--- play
my $ws = ws('/ws', as => 'buyer', protocols => ['order.v1']);

ok $ws->accepted, 'its own example of a key';
is $ws->{headers}{'sec-websocket-protocol'}, 'order.v1', 'the subprotocol';
ok !exists $ws->{headers}{'content-length'}, 'no length';
ok !exists $ws->{headers}{'transfer-encoding'}, 'no chunks';
ok !exists $ws->{headers}{'sec-websocket-extensions'}, 'no extensions';
is $ws->next->{event}, 'ready', 'subscribed to all from the start';

is refused('', as => 'buyer', handshake => handshake(%$_)), '101',
    join ', ', %$_
    for { Upgrade => 'WebSocket' }, { Upgrade => 'h2c, websocket' },
        { Connection => 'keep-alive, Upgrade' },
        { Connection => "keep-alive\nConnection: UPGRADE" },
        { Upgrade => "other\nupgrade: ,\tWEBSOCKET ," },
        { 'Content-Length' => 0 };


=== TEST 2: what is no handshake is refused, and why
--- play
for (
    ['426 UPGRADE_REQUIRED', Upgrade => undef],
    ['426 UPGRADE_REQUIRED', Upgrade => 'websockets'],
    ['426 UPGRADE_REQUIRED', Connection => undef],
    ['426 UPGRADE_REQUIRED', Connection => 'keep-alive'],
    ['426 UPGRADE_REQUIRED', 'Sec-WebSocket-Version' => undef],
    ['426 UPGRADE_REQUIRED', 'Sec-WebSocket-Version' => '8'],
    ['426 UPGRADE_REQUIRED', 'Sec-WebSocket-Version' => '13, 8'],
    ['400 BAD_HANDSHAKE', 'Sec-WebSocket-Key' => undef],
    ['400 BAD_HANDSHAKE', 'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ'],
    ['400 BAD_HANDSHAKE', 'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25j'],
    ['400 BAD_HANDSHAKE', 'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZTEy'],
    ['400 BAD_HANDSHAKE', 'Sec-WebSocket-Key' => '!GhlIHNhbXBsZSBub25jZQ=='],
    ['400 BAD_HANDSHAKE', 'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ=='
        . "\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
) {
    my ($code, %change) = @$_;
    my ($name, $value) = %change;

    is refused('', as => 'buyer', handshake => handshake(%change)), $code,
        "$name: " . ($value // 'none');
}

my $old = ws('/ws', as => 'buyer',
             handshake => handshake('Sec-WebSocket-Version' => '8'));

is $old->{headers}{'sec-websocket-version'}, '13', 'the version it has';
is $old->{headers}{upgrade}, 'websocket', 'what to upgrade to';
like $old->{raw}, qr{^HTTP/1\.1 426 Upgrade Required\r\n}, 'in words';

is refused('', as => 'buyer', version => '1.0'), '426 UPGRADE_REQUIRED',
    'HTTP/1.0';
is refused('', as => 'buyer', method => 'POST'), '405 METHOD_NOT_ALLOWED',
    'another method';
is +(split ' ', refused('', as => 'buyer', method => 'HEAD'))[0], '426',
    'HEAD';
is refused('Content-Length: 2', as => 'buyer'), '400 INVALID_INPUT',
    'a body';
is refused('Transfer-Encoding: chunked', as => 'buyer'), '400 INVALID_INPUT',
    'a chunked body';


=== TEST 3: HTTP/2 has no such handshake
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 http2;
        location / { order_api; }
    }
--- play
my ($port) = do {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf";
    join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) http2/;
};

my $got = `curl -s --http2-prior-knowledge -w ' %{http_code}' \\
           http://127.0.0.1:$port/ws`;

like $got, qr/"code":"BAD_HANDSHAKE".* 400$/, 'refused';
unlike $got, qr/upgrade:/i, 'and not told to upgrade';


=== TEST 4: who may: each role, with a token that is good
--- play
is refused(''), '401 UNAUTHORIZED', 'nobody';
is refused('', token => 'none'), '401 INVALID_TOKEN', 'no token';
is refused('', token => token('buyer', -60)), '401 INVALID_TOKEN', 'expired';

is refused('', as => $_), '101', $_
    for qw(buyer seller driver admin);

my $system = OrderToken::sign(OrderTest::key_dir() . '/hs256.key', 'demo',
                              user_id('admin'), 'system', 3600);
my $other = OrderToken::sign(OrderTest::key_dir() . '/hs256.key', 'demo',
                             user_id('admin'), 'guest', 3600);

is refused('', token => $system), '101', 'the system';
is refused('', token => $other), '401 INVALID_TOKEN', 'a role that is none';


=== TEST 5: the token as a subprotocol: it comes first, and is told to nobody
--- order
    log_format all '$request $sent_http_sec_websocket_protocol $order_user';
    access_log logs/ws.log all;
--- play
my ($good, $bad) = (token('buyer'), token('seller', -60));
my $offer = sub { join ', ', map { s/^\+/bearer./r } @_ };
my $with = sub { 'Sec-WebSocket-Protocol: ' . $offer->(@_) };

is refused($with->("+$good")), '101', 'alone';
is refused($with->('order.v1', "+$good")), '101', 'behind another';
is refused($with->("+$good") . "\n" . $with->('order.v1')), '101',
    'on a line of its own';
is refused($with->("+$bad")), '401 INVALID_TOKEN', 'a bad one';
is refused($with->("+$bad"), as => 'buyer'), '401 INVALID_TOKEN',
    'a bad one, though there is a good one elsewhere';
is refused($with->("+$good"), token => 'none'), '101',
    'a good one, though there is a bad one elsewhere';
is refused($with->('bearer')), '401 UNAUTHORIZED', 'a word like that';
is call('GET /api/auth/me', headers => $with->("+$good"))->{code}, 401,
    'on no other path';

for ([[qw(order.v1 order_update.v1)], 'order.v1'],
     [[qw(order_update.v1 order.v1)], 'order_update.v1'],
     [[qw(x order_update.v1)], 'order_update.v1'],
     [[qw(ORDER.V1)], undef], [[qw(x y)], undef])
{
    my ($names, $chosen) = @$_;
    my $ws = ws('/ws', protocols => [@$names, "bearer.$good"]);

    is $ws->{headers}{'sec-websocket-protocol'}, $chosen,
        'of ' . join ', ', @$names;
    unlike $ws->{raw}, qr/bearer|\Q$good\E/, 'no token in the answer';
    $ws->leave;
}

my @logs = map {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/$_" or die $!;
    join '', grep { !/\[debug\]/ } <$in>;
} qw(error.log ws.log);

like $logs[1], qr/ws\S* HTTP\S+ order\.v1 \Q@{[ user_id('buyer') ]}\E\n/,
    'the access log has who it was';
unlike join('', @logs), qr/bearer\.|\Q$good\E|\Q$bad\E/,
    'no token in the logs';


=== TEST 6: the cookie is taken from the same origin only
--- play
my $port = $ENV{TEST_NGINX_SERVER_PORT};
my $cookie = 'Cookie: order_token=' . token('buyer');
my $from = sub { refused(join "\n", $cookie, @_) };

is $from->(), '403 CROSS_ORIGIN', 'of no origin';
is $from->('Origin: http://elsewhere.example'), '403 CROSS_ORIGIN',
    'of another';
is $from->('Origin: null'), '403 CROSS_ORIGIN', 'of a hidden one';
is $from->('Origin: http://localhost.example'), '403 CROSS_ORIGIN',
    'of one that begins like it';
is $from->('Origin: http://localhost:81'), '403 CROSS_ORIGIN',
    'of another port';
is $from->('Origin: http://localhost', 'Sec-Fetch-Site: cross-site'),
    '403 CROSS_ORIGIN', 'the browser says that it is another';
is $from->('Origin: http://localhost'), '101', 'of the same';
is $from->('Sec-Fetch-Site: same-origin'), '101',
    'the browser says that it is the same';
is refused('Origin: http://elsewhere.example', as => 'buyer'), '101',
    'a token in a header is of no origin';


=== TEST 7: the query: a token in it is not looked at, a place is checked
--- play
my $token = token('buyer');

is refused('', path => "/ws?token=$token"), '401 UNAUTHORIZED', 'token';
is refused('', path => "/ws?access_token=$token"), '401 UNAUTHORIZED',
    'access_token';
is refused('', path => "/ws?token=$token", as => 'buyer'),
    '400 INVALID_INPUT', 'not even by who has another';

for ('last_event_id=x', 'last_event_id=1.2.3', 'last_event_id=' . 'x' x 65,
     'subscribe=some', 'subscribe=none&x=1')
{
    my $ws = ws("/ws?$_", as => 'buyer');
    my ($name) = /(?:.*&)?(\w+)=/;
    my ($fault) = @{ decoded($ws)->{errors} // [] };

    is "$ws->{code} " . ($fault->{field} // ''), "400 $name", $_;
}

is refused('', path => '/ws?last_event_id=', as => 'buyer'), '101',
    'an empty one is none';

is refused('', path => '/ws?subscribe=all', as => 'buyer'), '101', 'all';


=== TEST 8: add_header holds for the answer
--- config
    location /ws {
        add_header X-Here yes always;
        order_api;
    }
--- play
my $ws = ws('/ws', as => 'buyer');

ok $ws->accepted, 'accepted';
is $ws->{headers}{'x-here'}, 'yes', 'with the header';


=== TEST 9: bytes that come with the handshake are the first of the stream
--- play
my $head = "GET /ws?subscribe=none HTTP/1.1\r\nHost: localhost\r\n"
           . 'Authorization: Bearer ' . token('buyer') . "\r\n"
           . join("\r\n", split /\n/, handshake()) . "\r\n\r\n";

my $early = sub {
    my ($bytes, $rest) = @_;
    my $self = bless OrderStream::make('ws', mute => 1), 'OrderWs';

    $self->{told} = [];
    $self->{socket} = OrderStream::dial($ENV{TEST_NGINX_SERVER_PORT});
    $self->put($head . $bytes);
    $self->head;

    return $self->{code} if $self->{code} != 101;
    return OrderWs::react($rest // '', on => $self);
};

my $bytes = bytes_of(TEXT, $::ping);

is $early->($bytes), 'pong', 'a message';
is $early->($bytes x 3), 'pong, pong, pong', 'three';
is $early->(substr($bytes, 0, 9), substr $bytes, 9), 'pong',
    'a part of one';
is $early->(bytes_of(TEXT, $::ping . ' ' x 4000)), 'pong', '4 KB';
is $early->(bytes_of(TEXT, $::ping) x 250), join(', ', ('pong') x 250),
    'more than that, which comes later';
is $early->(bytes_of(CLOSE, pack 'n', 1000)), 'close 1000, gone', 'a close';
is $early->("GET / HTTP/1.1\r\n\r\n"), 'close 1002, gone', 'a request';

$head =~ s/(?=Upgrade:)/'X-Long: ' . 'x' x 1500 . "\r\n"/e;

is $early->($bytes), 'pong', 'behind a long header';
is $early->($bytes x 250), '400', 'too much of it';


=== TEST 10: text: lengths
--- play
is reaction(bytes_of(TEXT, '')), 'error INVALID_MESSAGE', '0 bytes';

is reaction(bytes_of(TEXT, $::ping . ' ' x ($_ - length $::ping))), 'pong',
    "$_ bytes" for 15, 125, 126, 127, 128, 4096, 16383, 16384;

is reaction(bytes_of(TEXT, ' ' x $_)), 'close 1009, gone', "$_ bytes"
    for 16385, 65535, 65536, 1_000_000;

is reaction(bytes_of(TEXT, 'x', length => $_, form => 64)),
    'close 1009, gone', "$_ bytes are said to come"
    for 65536, 2 ** 40, 2 ** 62;

is reaction(bytes_of(TEXT, $::ping, form => $_)), 'close 1002, gone',
    "15 bytes, said in $_ bits" for 16, 64;
is reaction(bytes_of(TEXT, ' ' x 200, form => 64)), 'close 1002, gone',
    '200 bytes, said in 64 bits';
is reaction(bytes_of(TEXT, 'x', length => 2 ** 63, form => 64)),
    'close 1002, gone', 'the highest bit of a length';


=== TEST 11: binary messages are not taken
--- play
is reaction(bytes_of(BINARY, '')), 'close 1003, gone', 'none';
is reaction(bytes_of(BINARY, "\0" x 300)), 'close 1003, gone', '300 bytes';
is reaction(bytes_of(BINARY, "\0", final => 0)), 'close 1003, gone',
    'a part of one';


=== TEST 12: pings are answered with what they bring, at once
--- play
is reaction(bytes_of(PING, '')), 'PONG', 'nothing';
is reaction(bytes_of(PING, 'Hello')), 'PONG Hello', 'text';
is reaction(bytes_of(PING, "\0\xff\xfe\xfd\x80")),
    "PONG \0\xff\xfe\xfd\x80", 'bytes';
is reaction(bytes_of(PING, 'x' x 125)), 'PONG of 125', '125 bytes';
is reaction(bytes_of(PING, 'x' x 126)), 'close 1002, gone', '126 bytes';
is reaction(bytes_of(PING, '', final => 0)), 'close 1002, gone',
    'in parts';
is reaction(bytes_of(PONG, 'x')), '', 'a pong that nobody asked for';
is reaction(bytes_of(PONG, 'x') . bytes_of(PING, 'y')), 'PONG y',
    'and a ping behind it';
is reaction(join '', map { bytes_of(PING, $_) } 1 .. 10),
    join(', ', map { "PONG $_" } 1 .. 10), 'ten in a row';


=== TEST 13: reserved bits and opcodes
--- play
for (1 .. 7) {
    is reaction(bytes_of(TEXT, $::ping, bits => $_)), 'close 1002, gone',
        "text, bits $_";
}

is reaction(bytes_of(PING, '', bits => 1)), 'close 1002, gone',
    'a ping with one';
is reaction(bytes_of(CLOSE, '', bits => 4)), 'close 1002, gone',
    'a close with one';
is reaction(bytes_of(TEXT, $::ping) . bytes_of(TEXT, $::ping, bits => 2)),
    'pong, close 1002, gone', 'behind a good one';

for (3 .. 7, 11 .. 15) {
    is reaction(bytes_of($_, '')), 'close 1002, gone', "opcode $_";
    is reaction(bytes_of($_, 'x' x 64)), 'close 1002, gone',
        "opcode $_ with bytes";
}

is reaction(bytes_of(TEXT, '{', final => 0) . bytes_of(3, 'x')),
    'close 1002, gone', 'between parts';


=== TEST 14: frames without a mask
--- play
is reaction(bytes_of(TEXT, $::ping, mask => 0)), 'close 1002, gone', 'text';
is reaction(bytes_of(PING, '', mask => 0)), 'close 1002, gone', 'a ping';
is reaction(bytes_of(CLOSE, pack('n', 1000), mask => 0)), 'close 1002, gone',
    'a close';


=== TEST 15: messages in parts
--- play
my $parts = sub {
    my @parts = @_;

    return join '', map {
        bytes_of($_ ? 0 : TEXT, $parts[$_], final => $_ == $#parts)
    } 0 .. $#parts;
};

is reaction($parts->('{"type"', ':"ping"}')), 'pong', 'two';
is reaction($parts->('', '', $::ping, '', '')), 'pong', 'empty ones';
is reaction($parts->('', '')), 'error INVALID_MESSAGE', 'only empty ones';
is reaction($parts->(split //, $::ping)), 'pong', 'bytes';
is reaction($parts->($::ping, (' ' x 64) x 255)), 'pong', 'many';

my ($first, $last) = (bytes_of(TEXT, '{"type":', final => 0),
                      bytes_of(0, '"ping"}'));

is reaction($first . bytes_of(PING, 'x') . $last), 'PONG x, pong',
    'a ping between';
is reaction($first . bytes_of(PONG, 'x') . $last), 'pong',
    'a pong between';
is reaction($first . bytes_of(0, '', final => 0) . bytes_of(PING, '1')
            . bytes_of(0, '"ping"', final => 0) . bytes_of(PING, '2')
            . bytes_of(0, '}')), 'PONG 1, PONG 2, pong', 'two pings between';
is reaction($first . bytes_of(CLOSE, pack 'n', 1000)), 'close 1000, gone',
    'a close between';

is reaction($last), 'close 1002, gone', 'a part of nothing';
is reaction(bytes_of(0, 'x', final => 0)), 'close 1002, gone',
    'a part of nothing, and more to come';
is reaction($first . $last . $last), 'pong, close 1002, gone',
    'a part behind the last one';
is reaction($first . bytes_of(TEXT, $::ping)), 'close 1002, gone',
    'a message inside of one';
is reaction($first . bytes_of(BINARY, 'x')), 'close 1002, gone',
    'a binary one inside';

is reaction(bytes_of(TEXT, ' ' x 8192, final => 0) . bytes_of(0, ' ' x 8193)),
    'close 1009, gone', 'more than 16 KB in all';
is reaction(bytes_of(TEXT, ' ' x 16384, final => 0) . bytes_of(0, '')),
    'error INVALID_MESSAGE', 'no more than that';


=== TEST 16: what is no UTF-8 is refused, wherever it is cut
--- play
my $quoted = sub { '{"type":"' . shift . '"}' };

for ("\xce\xba\xe1\xbd\xb9\xcf\x83", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
     "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
     "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbb\xbf", "\x7f")
{
    my $name = unpack 'H*', $_;

    is reaction(bytes_of(TEXT, $quoted->($_))), 'error INVALID_MESSAGE',
        "$name is";
    is reaction(join '', map {
        bytes_of($_->[0], $_->[1], final => $_->[2])
    } [TEXT, substr($quoted->($_), 0, 10), 0],
      [0, substr($quoted->($_), 10), 1]), 'error INVALID_MESSAGE',
        "$name in two parts is";
}

for ("\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x80\x80",
     "\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80", "\xed\xbf\xbf",
     "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80",
     "\xfc\x84\x80\x80\x80\x80", "\xfe", "\xff",
     "\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")
{
    my $name = unpack 'H*', $_;

    is reaction(bytes_of(TEXT, $quoted->($_))), 'close 1007, gone',
        "$name is not";
    is reaction(bytes_of(TEXT, $quoted->(''), final => 0) . bytes_of(0, $_)),
        'close 1007, gone', "$name in a later part is not";
}

is reaction(bytes_of(TEXT, "\xe2\x82", final => 0)
            . bytes_of(PING, "\xff") . bytes_of(0, "\xac")),
    "PONG \xff, error INVALID_MESSAGE", 'a ping inside of a character';


=== TEST 17: closing: codes and reasons
--- play
is reaction(bytes_of(CLOSE, '')), 'close, gone', 'no code';
is reaction(bytes_of(CLOSE, 'x')), 'close 1002, gone', 'half a code';
is reaction(bytes_of(PING, pack 'n', 1000) . bytes_of(CLOSE, "\x03")),
    "PONG \x03\xe8, close 1002, gone", 'half a code, behind a whole one';
is reaction(bytes_of(CLOSE, pack 'n', $_)), "close $_, gone", "code $_"
    for 1000 .. 1003, 1007 .. 1014, 3000, 3999, 4000, 4999;
is reaction(bytes_of(CLOSE, pack 'n', $_)), 'close 1002, gone', "code $_"
    for 0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535;

is reaction(bytes_of(CLOSE, pack('n', 1000) . 'x' x 123)), 'close 1000, gone',
    'a reason of 123 bytes';
is reaction(bytes_of(CLOSE, pack('n', 1000) . 'x' x 124)), 'close 1002, gone',
    'of 124 bytes';
is reaction(bytes_of(CLOSE, pack('n', 1000) . "\xe2\x82\xac")),
    'close 1000, gone', 'a reason in UTF-8';
is reaction(bytes_of(CLOSE, pack('n', 1000) . "\xe2\x82")),
    'close 1007, gone', 'one that is not';
is reaction(bytes_of(CLOSE, pack('n', 1000), final => 0)), 'close 1002, gone',
    'a close in parts';


=== TEST 18: nothing comes behind a close, and nothing is done
--- play
my $closed = bytes_of(CLOSE, pack 'n', 1000);

is reaction($closed . bytes_of(TEXT, $::ping)), 'close 1000, gone', 'a message';
is reaction($closed . bytes_of(PING, 'x')), 'close 1000, gone', 'a ping';
is reaction($closed . $closed), 'close 1000, gone', 'another close';
is reaction($closed . 'x' x 100_000), 'close 1000, gone', 'anything';
is reaction(bytes_of(TEXT, "\xff") . bytes_of(TEXT, $::ping)),
    'close 1007, gone', 'behind a fault';
is reaction(bytes_of(TEXT, "\xff") . $closed), 'close 1007, gone',
    'a close behind a fault';
is reaction(bytes_of(3, '') . 'x' x 100_000), 'close 1002, gone',
    'anything behind a fault';


=== TEST 19: the server closes first, as soon as both have said so
--- play
my $took = sub {
    my ($bytes, $answer) = @_;
    my $self = bare();
    my $start = time;

    $self->put($bytes);
    $self->pump(1) until $self->{closing} || time - $start > 5;
    $self->put($answer) if defined $answer;

    return $self->over ? time - $start : 100;
};

my $closed = bytes_of(CLOSE, pack 'n', 1000);
my $cut = bytes_of(TEXT, 'x' x 100, length => 200, form => 16);

cmp_ok $took->($closed), '<', 1, 'the client was first';
cmp_ok $took->(bytes_of(BINARY, ''), $closed), '<', 1,
    'the server was first, and the client answers';
cmp_ok $took->(bytes_of(TEXT, ' ' x 20_000), $closed), '<', 1,
    'behind a message that was too long';
cmp_ok $took->($closed =~ s/.$//sr, substr $closed, -1), '<', 7,
    'a close that comes in two parts';

my $silent = $took->(bytes_of(BINARY, ''));

cmp_ok $silent, '>', 1, 'a client that does not answer is waited for';
cmp_ok $silent, '<', 8, 'but not long';


=== TEST 20: too many messages at once
--- play
my $many = bytes_of(PING, '') x 500;

is +(() = reaction($many, whole => 1) =~ /PONG/g), 500, '500 pings';
like reaction($many x 3, whole => 1), qr/, close 1008, gone$/, '1500 pings';
like reaction(bytes_of(TEXT, '') x 1500, whole => 1), qr/, close 1008, gone$/,
    '1500 messages';
like reaction(bytes_of(PONG, '') x 1500, whole => 1),
    qr/close 1008, gone$/, '1500 pongs that nobody asked for';


=== TEST 21: pings of the server: a client that does not answer is let go
--- order
    order_push_heartbeat 1s;
--- play
my $silent = bare();
my $answers = ws('/ws?subscribe=none', as => 'buyer');
my $talks = bare();
my $start = time;

while (!$silent->{closed} && time - $start < 6) {
    $_->pump(0.1) for $silent, $answers, $talks;
    $talks->put(bytes_of(TEXT, $::ping));
}

ok $silent->{closed}, 'the silent one is gone';
is $silent->{pings}, 1, 'after one ping';
ok !defined $silent->{closing}, 'without a word';
ok !$answers->{closed}, 'one that answers is not';
ok $answers->beats(3), 'and is asked again and again';
ok !$talks->{closed}, 'nor one that says something else';
ok wait_for_log('websocket answered no ping'), 'the log has it';


=== TEST 22: a client that is not ours finds nothing wrong
--- timeout: 60
--- play
is client(), "235 checks\n", 'npm ws';
like client(path => '/api/stores'), qr/not opened: refused 200/,
    'it would say so';


=== TEST 23: nor over TLS
--- timeout: 60
--- http_config eval
"server {
    listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 ssl;
    ssl_certificate $::dir/crt;
    ssl_certificate_key $::dir/key;
    location /ws { order_api; }
}"
--- play
open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) ssl/;

is client(tls => $port), "235 checks\n", 'npm ws';


=== TEST 24: a client goes away in the middle of anything
--- play
for my $bytes ('', "\x81", bytes_of(TEXT, $::ping) =~ s/.{3}$//sr,
               bytes_of(TEXT, '{', final => 0), bytes_of(TEXT, ' ' x 16000,
               final => 0), bytes_of(3, ''))
{
    for my $how (undef, 'reset') {
        my $self = bare();

        $self->put($bytes);
        $self->close($how);
    }
}

is reaction(bytes_of(TEXT, $::ping)), 'pong', 'others are served';
