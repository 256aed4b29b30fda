# The poll that waits for a change: ?wait=SECONDS, or Prefer: wait=SECONDS.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderStream;
use Test::Nginx::Socket;

use Time::HiRes qw(time);


# What the poll says now: its body and its ETag.
sub tag_of {
    my ($id, $user) = @_;
    my $got = call("GET /api/order-status/$id", as => $user // 'buyer');

    return ($got->{headers}{etag}, $got->{body});
}


# A poll that waits for a change, and so is not answered yet.
sub waiting {
    my ($id, %how) = @_;
    my $user = delete $how{as} // 'buyer';
    my $wait = delete $how{wait} // 30;
    my ($tag) = tag_of($id, $user);

    return start("GET /api/order-status/$id?wait=$wait", as => $user, %how,
                 headers => "If-None-Match: $tag\n" . ($how{headers} // ''));
}


sub is_waiting {
    my $socket = shift;

    return !IO::Select->new($socket)->can_read(0.1);
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: it is answered at once when the version is another one
--- play
my $id = order_live('moved');
my ($old) = tag_of($id);

order_set($id, 'confirmed');
ok wait_until(sub { (tag_of($id))[0] ne $old }), 'the change is there';

for my $how (['?wait=30', ''], ['', 'Prefer: wait=30']) {
    my ($query, $prefer) = @$how;
    my $start = time;
    my $got = call("GET /api/order-status/$id$query", as => 'buyer',
                   headers => "If-None-Match: $old\n$prefer");

    is $got->{code}, 200, "$query$prefer: the new one";
    is decoded($got)->{status}, 'confirmed', 'the new status';
    cmp_ok time - $start, '<', 2, 'at once';
}


=== TEST 2: without If-None-Match it is answered at once
--- play
my $id = order_live('none');
my $start = time;

is call("GET /api/order-status/$id?wait=30", as => 'buyer')->{code}, 200,
    'the status';
is call("GET /api/order-status/$id?wait=30", as => 'buyer',
        headers => 'If-None-Match: "1.1.77"')->{code}, 200,
    'and where the tag is of something else';
cmp_ok time - $start, '<', 2, 'at once';


=== TEST 3: a change in psql ends the wait, and the answer is as any poll's
--- play
my $id = order_live('psql');
my @polls = map { waiting($id, as => $_) } qw(buyer buyer buyer seller admin);

ok is_waiting($_), 'it waits' for @polls;

my $start = time;

order_set($id, 'confirmed');

my @got = map { finish($_) } @polls;

cmp_ok time - $start, '<', 2, 'soon';

my ($tag, $body) = tag_of($id);

for my $got (@got) {
    is $got->{code}, 200, 'answered';
    is $got->{body}, $body, 'the body';
    is $got->{headers}{etag}, $tag, 'the ETag';
    is $got->{headers}{'cache-control'}, 'private, no-cache', 'not public';
    is $got->{headers}{'content-type'}, 'application/json', 'the type';
}


=== TEST 4: a change over the API, on whichever worker, ends it
--- play
my $id = order_live('api');
my $number = order_number('api');

for my $status (qw(confirmed processing shipped)) {
    my @polls = map { waiting($_) } $id, $number, $id, $number;

    is call("PUT /api/orders/$id", as => 'seller',
            json => qq({"status":"$status"}))->{code}, 200, $status;
    is join(' ', map { decoded(finish($_))->{status} } @polls),
        join(' ', ($status) x 4), "all were told: $status";
}


=== TEST 5: a change of something else ends it: the version moved
--- play
my $id = order_live('notes');
my $poll = waiting($id);
my $version = touch($id);

is decoded(finish($poll))->{version}, $version, 'the new version';


=== TEST 6: a change of another order does not
--- play
my ($id, $other) = (order_live('still'), order_live('other'));
my ($still, $moved) = (waiting($id), waiting($other));

touch($other);
is finish($moved)->{code}, 200, 'the other one';
ok is_waiting($still), 'this one waits on';
touch($id);
is finish($still)->{code}, 200, 'until it changes';


=== TEST 7: 304 when the time is up
--- play
my $id = order_live('time');
my ($tag) = tag_of($id);

for my $how (['?wait=1', ''], ['', 'Prefer: wait=1'],
             ['?wait=1', 'Prefer: wait=60'])
{
    my ($query, $prefer) = @$how;
    my $start = time;
    my $got = call("GET /api/order-status/$id$query", as => 'buyer',
                   headers => "If-None-Match: $tag\n$prefer");
    my $took = time - $start;

    is $got->{code}, 304, "$query$prefer: not modified";
    is $got->{headers}{etag}, $tag, 'its ETag';
    ok $took > 0.9 && $took < 3, "after a second: $took";
}


=== TEST 8: Preference-Applied says that Prefer was heard
--- play
my $id = order_live('prefer');
my ($tag) = tag_of($id);

for my $prefer ('wait=1', 'WAIT=1', 'respond-async, wait=1',
                'wait=1, respond-async', "respond-async\nPrefer: wait=1")
{
    my $got = call("GET /api/order-status/$id", as => 'buyer',
                   headers => "If-None-Match: $tag\nPrefer: $prefer");

    is $got->{code}, 304, "$prefer: not modified";
    is $got->{headers}{'preference-applied'}, 'wait=1', 'applied';
}

for my $prefer ('respond-async', 'wait=0', 'wait=x', 'waiting=1', 'wait',
                'wait=-1', '')
{
    my $start = time;
    my $got = call("GET /api/order-status/$id", as => 'buyer',
                   headers => "If-None-Match: $tag\nPrefer: $prefer");

    is $got->{code}, 304, "'$prefer': not modified";
    is $got->{headers}{'preference-applied'}, undef, 'not applied';
    cmp_ok time - $start, '<', 0.9, 'at once';
}


=== TEST 9: a wait out of bounds is refused, and the field is named
--- play
my $id = order_live('bounds');

for my $wait ('0', '61', '-1', 'x', '1.5', '1e1', '99999999999999999999') {
    my $got = call("GET /api/order-status/$id?wait=$wait", as => 'buyer');

    is_problem $got, 400, 'INVALID_INPUT', "wait=$wait";
    is decoded($got)->{errors}[0]{field}, 'wait', 'the field';
}

is call("GET /api/order-status/$id?wait=60", as => 'buyer')->{code}, 200,
    'the longest one';


=== TEST 10: a final order: its last version is told at once, and no more
--- play
my $id = order_live('final', status => 'shipped');
my ($tag) = tag_of($id);
my $poll = waiting($id);

order_set($id, 'delivered');

my $got = decoded(finish($poll));

is $got->{status}, 'delivered', 'the end';
is $got->{poll_after}, undef, 'nothing to poll for';

my $start = time;

$got = call("GET /api/order-status/$id?wait=30", as => 'buyer',
            headers => "If-None-Match: $tag");
is $got->{code}, 200, 'to who has not seen it';
cmp_ok time - $start, '<', 2, 'at once';
is call("GET /api/order-status/$id?wait=1", as => 'buyer',
        headers => "If-None-Match: $got->{headers}{etag}")->{code}, 304,
    'to who has: nothing';


=== TEST 11: nobody waits for what he may not see
--- play
my $id = order_live('who');
my ($tag) = tag_of($id);
my $start = time;

for my $user (qw(buyer2 manager driver)) {
    is_problem call("GET /api/order-status/$id?wait=30", as => $user,
                    headers => "If-None-Match: $tag"),
        403, 'FORBIDDEN', $user;
}

is_problem call("GET /api/order-status/$id?wait=30"),
    401, 'UNAUTHORIZED', 'nobody';
is_problem call('GET /api/order-status/'
                . '00000000-0000-7000-8000-00000000dead?wait=30',
                as => 'buyer'), 404, 'NOT_FOUND', 'unknown';
cmp_ok time - $start, '<', 3, 'all at once';


=== TEST 12: who may not see it any more is told so
--- play
my $id = order_live('driver', product => 41);

sql("UPDATE shop.orders SET driver_id = '" . user_id('driver')
    . "' WHERE id = '$id'");
ok wait_until(sub { call("GET /api/order-status/$id", as => 'driver')->{code} == 200 }), 'the driver may';

my $poll = waiting($id, as => 'driver');

sql("UPDATE shop.orders SET driver_id = '" . user_id('driver2')
    . "' WHERE id = '$id'");
is_problem finish($poll), 403, 'FORBIDDEN', 'another one has it now';


=== TEST 13: an order that is deleted meanwhile is 404
--- play
my $id = order_live('deleted', status => 'cancelled');

sql("DELETE FROM shop.orders WHERE id = '$id'");
ok wait_until(sub { call("GET /api/order-status/$id", as => 'buyer')->{code} == 404 }), 'a final one';

$id = order_live('deleted too');

my $poll = waiting($id);

sql("DELETE FROM shop.orders WHERE id = '$id'");
is_problem finish($poll), 404, 'NOT_FOUND', 'one that was waited for';


=== TEST 14: a token that expires ends the wait
--- order
order_jwt_leeway 0s;
--- play
my $id = order_live('token');
my ($tag) = tag_of($id);
my $start = time;
my $got = call("GET /api/order-status/$id?wait=30",
               headers => "If-None-Match: $tag\nAuthorization: Bearer "
                          . token('buyer', 2));

is_problem $got, 401, 'INVALID_TOKEN', 'expired';
cmp_ok time - $start, '<', 4, 'in time';


=== TEST 15: when the time is up it is answered as any poll: a label that changed shows
--- play
my $id = order_live('label');
my $poll = waiting($id, wait => 1);

sql("UPDATE shop.workflow_statuses SET message = 'Soon!'
      WHERE workflow = 'shop' AND code = 'pending'");

my $got = finish($poll);

sql("UPDATE shop.workflow_statuses SET message = 'Waiting for seller...'
      WHERE workflow = 'shop' AND code = 'pending'");

is $got->{code}, 200, 'answered';
is decoded($got)->{message}, 'Soon!', 'the new text';


=== TEST 16: clients that go away leave nothing, and the others are answered
--- play
my $id = order_live('gone');
my @polls = map { waiting($id) } 1 .. 40;

close $_ for splice @polls, 0, 20;
shutdown $_, 1 for splice @polls, 0, 10;
order_set($id, 'confirmed');
is join(' ', map { finish($_)->{code} } @polls), join(' ', (200) x 10),
    'those who stayed';
ok wait_until(sub {
    call('GET /nginx', as => 'buyer')->{body} =~ /^Active connections: 1 /
}), 'no connection is left';
--- config
    location /api/ { order_api; }
    location = /nginx { stub_status; }


=== TEST 17: many polls on one connection, one of which waits
--- play
my $id = order_live('keep');
my ($tag) = tag_of($id);
my $on = connection();

for my $n (1 .. 3) {
    my $got = call("GET /api/order-status/$id?wait=1", as => 'buyer',
                   on => $on, headers => "If-None-Match: $tag");

    is $got->{code}, 304, "wait $n";
    is call("GET /api/order-status/$id", as => 'buyer', on => $on)->{code},
        200, "poll $n";
}


=== TEST 18: a second nginx's change ends it
--- play
my $id = order_live('second');
my $port = second_nginx();
my @polls = (waiting($id), waiting($id, port => $port));

is call("PUT /api/orders/$id", as => 'seller', port => $port,
        json => '{"status":"confirmed"}')->{code}, 200, 'changed there';
is join(' ', map { decoded(finish($_))->{status} } @polls),
    'confirmed confirmed', 'told here and there';


=== TEST 19: a reload ends the wait with an answer
--- play
my $id = order_live('reload');
my $poll = waiting($id);

kill 'HUP', OrderClient::master();

my $got = finish($poll);

like $got->{code}, qr/^(?:304|200)$/, 'answered';
ok wait_until(sub { workers_of() == 2 }, 5), 'and the old workers leave';


=== TEST 20: HEAD waits as GET does
--- play
my $id = order_live('head');
my ($tag) = tag_of($id);

is call("HEAD /api/order-status/$id?wait=1", as => 'buyer',
        headers => "If-None-Match: $tag")->{code}, 304, 'not modified';
