# WebSocket: where the token comes from, how long it holds, and signs of life.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;


# A WebSocket that is told of all that concerns its user, and is live.
sub all_of {
    my ($user, %how) = @_;
    my $path = '/ws' . (delete $how{query} // '');
    my $socket = ws($path, as => $user, %how);

    $socket->{first} = $socket->next;

    return $socket;
}


# One that is told of nothing yet.
sub none_of {
    my ($user, %how) = @_;

    return ws('/ws?subscribe=none', as => $user, %how);
}


# Nothing is on its way to the client: it asks, and the answer comes next.
sub is_quiet {
    my ($socket, $what) = @_;

    $socket->say({ type => 'ping' });

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is($socket->told, 'pong', $what // 'nothing else');
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: pings, of either kind
--- order
order_push_heartbeat 1s;
--- play
my $socket = all_of('buyer');

$socket->say('{"type":"ping"}');
is $socket->next->{text}, '{"type":"pong"}', 'a message';
$socket->put_frame('ping', 'hello');
ok wait_until(sub { $socket->pump(1); @{ $socket->{pongs} } }), 'a frame';
is "@{ $socket->{pongs} }", 'hello', 'what was sent comes back';
ok $socket->beats(3, 8), 'the server pings';
is_quiet $socket;


=== TEST 2: who answers no ping is gone
--- order
order_push_heartbeat 1s;
--- play
my $dead = all_of('buyer', mute => 1);
my $alive = all_of('buyer');

ok wait_until(sub { $alive->pump(0); $dead->pump(0.05); $dead->{closed} }),
    'closed';
ok $dead->{pings} > 0, 'after a ping';
ok $alive->beats(2), 'who does stays';
is_quiet $alive;


=== TEST 3: a new token prolongs it
--- order
order_jwt_leeway 0s;
--- play
my $id = order_live('prolong');
my $socket = all_of('buyer', token => token('buyer', 3));

$socket->say({ type => 'authenticate', token => 'x.y.z' });
is $socket->told, 'error INVALID_TOKEN', 'a bad one';
$socket->say({ type => 'authenticate', token => token('buyer', -5) });
is $socket->told, 'error INVALID_TOKEN', 'an old one';
$socket->say({ type => 'authenticate', token => token('buyer', 60) });

my $event = $socket->next;

is $event->{event}, 'authenticated', 'a good one';
ok abs($event->{data}{expires} - 60) <= 2
    || abs($event->{data}{expires} - time - 60) <= 2, 'for a minute';
is $socket->told(1, 4), 'nothing', 'longer than the first';
is $socket->before($id), '', 'and it goes on';


=== TEST 4: a token of somebody else closes it
--- play
my $socket = all_of('buyer');

$socket->say({ type => 'authenticate', token => token('buyer2') });
is $socket->close_code, 4403, 'the code';
is scalar(grep { /authenticated/ } map { $_->{text} } @{ $socket->{events} }),
    0, 'and nothing else';


=== TEST 5: a token that expires closes it
--- order
order_jwt_leeway 0s;
--- play
my $id = order_live('expires');
my @sockets = (all_of('buyer', token => token('buyer', 2)),
               none_of('buyer', token => token('buyer', 2)),
               ws('/ws', protocols => ['bearer.' . token('buyer', 2)]));

for my $socket (@sockets) {
    is $socket->close_code(6), 4401, 'the code';
    is $socket->{why}, 'token_expired', 'the reason';
}

is_problem ws('/ws', token => token('buyer', -1)),
    401, 'INVALID_TOKEN', 'never without one';


=== TEST 6: no token, a bad one, one in the URL
--- play
is_problem ws('/ws'), 401, 'UNAUTHORIZED', 'none';
is_problem ws('/ws', token => 'x.y.z'), 401, 'INVALID_TOKEN', 'a bad one';
is_problem ws('/ws', protocols => ['bearer.x.y.z']),
    401, 'INVALID_TOKEN', 'a bad one as a subprotocol';
is_problem ws('/ws?token=' . token('buyer')), 401, 'UNAUTHORIZED',
    'never in the URL';


=== TEST 7: the cookie, from the same origin only
--- play
my $cookie = 'Cookie: order_token=' . token('buyer');

is ws('/ws', headers => "$cookie\nOrigin: http://localhost")->told, 'ready',
    'the same';

for my $origin ('', 'Origin: http://evil.example', 'Origin: null',
                "Origin: http://localhost\nSec-Fetch-Site: cross-site")
{
    is_problem ws('/ws', headers => "$cookie\n$origin"),
        403, 'CROSS_ORIGIN', "not: $origin";
}

is ws('/ws', as => 'buyer', headers => 'Origin: http://evil.example')->told,
    'ready', 'a token in the header is of who has it';
is ws('/ws', protocols => ['bearer.' . token('buyer')],
      headers => 'Origin: http://evil.example')->told, 'ready',
    'and in the subprotocol';
