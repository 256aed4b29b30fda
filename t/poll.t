use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the first poll is a miss, the second a hit with the same body
--- play
my ($id, $number) = (order_now('a'), order_number('a'));
my $at = sql("SELECT to_char(updated_at AT TIME ZONE 'UTC',
                  'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
                FROM shop.orders WHERE id = '$id'");

for my $cache (qw(MISS HIT HIT)) {
    my $got = call("GET /api/order-status/$id", as => 'buyer');
    my $headers = $got->{headers};

    is $got->{code}, 200, "$cache: answered";
    is $headers->{'x-order-cache'}, $cache, $cache;
    is $headers->{'content-type'}, 'application/json', "$cache: the type";
    is $headers->{'cache-control'}, 'private, no-cache', "$cache: not public";
    is $headers->{age}, 0, "$cache: it is right now";
    like $headers->{etag}, qr/^"\d+\.1\.\d+"$/, "$cache: the ETag";
    is $got->{body}, qq({"order_id":"$id","order_number":"$number",)
        . '"status":"pending","status_label":"Pending","status_emoji":"⏳",'
        . '"message":"Waiting for seller...","progress_step":1,'
        . qq("progress_total":5,"version":1,"updated_at":"$at",)
        . '"final":false,"poll_after":30}', "$cache: the body";
}


=== TEST 2: a poll whose ETag matches is answered 304, without a body
--- play
my $path = '/api/order-status/' . order_now('tag');
my $etag = call("GET $path", as => 'buyer')->{headers}{etag};

for my $tag ($etag, "W/$etag", "\"x\", $etag", "\"x\",W/$etag", '*') {
    my $got = call("GET $path", as => 'buyer',
                   headers => "If-None-Match: $tag");

    is $got->{code}, 304, "304 for $tag";
    is $got->{headers}{etag}, $etag, 'with its ETag';
    is $got->{headers}{'x-order-cache'}, 'HIT', 'from the cache';
    is $got->{headers}{'cache-control'}, 'private, no-cache', 'not public';
    ok !exists $got->{headers}{'content-length'}, 'without a length';
}

for my $tag ('"1.99.1"', 'W/"x"', 'x', '"', "x$etag") {
    my $got = call("GET $path", as => 'buyer',
                   headers => "If-None-Match: $tag");

    is $got->{code}, 200, "200 for $tag";
}


=== TEST 3: HEAD has the headers of GET and no body
--- as: buyer
--- request eval
[('HEAD /api/order-status/' . order_id('head')) x 2]
--- response_headers_like eval
[("X-Order-Cache: .+\nContent-Length: \\d{3}\n"
  . "ETag: \".+\"\nContent-Type: application/json") x 2]
--- response_body eval
['', '']


=== TEST 4: an unknown order is 404, and remembered: the second poll asks no database
--- play
my $before = queries('order_records');
my $path = '/api/order-status/00000000-0000-7000-8000-00000000dead';

is_problem call("GET $path", as => 'buyer'), 404, 'NOT_FOUND', 'unknown';
is queries('order_records'), $before + 1, 'one query';

for my $user (qw(buyer buyer2 admin)) {
    is_problem call("GET $path", as => $user), 404, 'NOT_FOUND', $user;
}

is queries('order_records'), $before + 1, 'and no more';


=== TEST 5: what was unknown is found once it is there
--- order
order_missing 10s;
--- play
my $id = '00000000-0000-7000-8000-00000000beef';

is_problem call("GET /api/order-status/$id", as => 'buyer'),
    404, 'NOT_FOUND', 'not there yet';
sql("INSERT INTO shop.orders (id, buyer_id, store_id, total_amount,
                              payment_method)
     VALUES ('$id', '" . user_id('buyer') . "', '" . store_id(3) . "', 1,
             'card')");
ok wait_until(sub { call("GET /api/order-status/$id", as => 'buyer')->{code} == 200 }, 2), 'within less than order_missing';


=== TEST 6: buyer, seller and admin may; others are refused, cached or not
--- as eval
[qw(buyer2 buyer seller admin buyer2 manager driver)]
--- request eval
[('GET /api/order-status/' . order_id('who')) x 7]
--- problem
403 FORBIDDEN
200
200
200
403 FORBIDDEN
403 FORBIDDEN
403 FORBIDDEN


=== TEST 7: the driver of an order may, once it is theirs
--- play
my $id = order_id('food', product => 41);

is_problem call("GET /api/order-status/$id", as => 'driver'),
    403, 'FORBIDDEN', 'before';
sql("UPDATE shop.orders SET driver_id = '" . user_id('driver')
    . "' WHERE id = '$id'");
ok wait_until(sub { call("GET /api/order-status/$id", as => 'driver')->{code} == 200 }), 'the driver';
is_problem call("GET /api/order-status/$id", as => 'driver2'),
    403, 'FORBIDDEN', 'another driver';


=== TEST 8: the order number finds the order as its id does
--- play
my $number = order_number('number');

order_now('number');
my $before = queries('order_records_by_number');

my @got = map { call("GET /api/order-status/$number", as => 'buyer') } 1 .. 3;

is_deeply [map { $_->{code} } @got], [200, 200, 200], 'all are answered';
is $got[0]{headers}{'x-order-cache'}, 'MISS', 'the first from the database';
is $got[2]{headers}{'x-order-cache'}, 'HIT', 'the third from the cache';
is decoded($got[2])->{order_id}, order_id('number'), 'it is that order';
is queries('order_records_by_number'), $before + 1, 'one query';
is_problem call("GET /api/order-status/$number", as => 'buyer2'),
    403, 'FORBIDDEN', 'it is no way around the owner';
is_problem call('GET /api/order-status/ORD-2026-999999', as => 'buyer'),
    404, 'NOT_FOUND', 'an unknown number';


=== TEST 9: what cannot be an order is 404 and does not reach the database
--- play
my $before = queries('order_records');

for my $id (qw(x1 x 00000000-0000-7000-8000-00000000000g
               00000000-0000-7000-8000-0000000000001
               0000000000007000800000000000000a ORD-2026-x ORD--1 %ff),
            '0' x 5000, "ORD-2026-'%20OR%201=1")
{
    is_problem call("GET /api/order-status/$id", as => 'buyer'),
        404, 'NOT_FOUND', substr $id, 0, 40;
}

is queries('order_records'), $before, 'no query';


=== TEST 10: an id in upper case is the same id
--- as: buyer
--- request eval
['GET /api/order-status/' . order_id('case'),
 'GET /api/order-status/' . uc order_id('case')]
--- response_body_like eval
[('"order_id":"' . order_id('case') . '"') x 2]


=== TEST 11: arguments that are not known do not matter
--- as: buyer
--- request eval
['GET /api/order-status/' . order_id('args') . '?_=1',
 'GET /api/order-status/' . order_id('args') . '?_=2&x=%00']
--- response_headers_like eval
[('X-Order-Cache: .+') x 2]


=== TEST 12: a final status has nothing to poll for
--- as: buyer
--- request eval
['GET /api/order-status/' . order_id('done', status => 'delivered'),
 'GET /api/order-status/' . order_id('gone', status => 'cancelled'),
 'GET /api/order-status/' . order_id('back', status => 'returned')]
--- response_body_like eval
['"status":"delivered","status_label":"Delivered","status_emoji":"✅",.*"progress_step":5,.*"version":5,.*"final":true,"poll_after":null\}$',
 '"status":"cancelled","status_label":"Cancelled","status_emoji":"❌",.*"version":2,.*"final":true,"poll_after":null\}$',
 '"status":"returned","status_label":"Returned","status_emoji":"↩️",.*"version":5,.*"final":true,"poll_after":null\}$']


=== TEST 13: each workflow has its own statuses and texts
--- as: buyer
--- request eval
['GET /api/order-status/' . order_id('w4', product => 41),
 'GET /api/order-status/' . order_id('w5', product => 51),
 'GET /api/order-status/' . order_id('w6', product => 61)]
--- response_body_like eval
['"status":"pending".*"progress_total":4', '"status":"\w+".*"progress_total":\d+',
 '"status":"pending".*"progress_total":4']


=== TEST 14: a label that changes in the database shows, under a new ETag
--- play
my $id = order_id('label');
my $old = call("GET /api/order-status/$id", as => 'buyer');

sql("UPDATE shop.workflow_statuses SET message = 'Soon \"there\" \\ é'
      WHERE workflow = 'shop' AND code = 'pending'");

my $new;
ok wait_until(sub {
    $new = call("GET /api/order-status/$id", as => 'buyer');
    decoded($new)->{message} eq "Soon \"there\" \\ é"
        && $new->{headers}{'x-order-cache'} eq 'HIT';
}), 'the new text, from the cache';
isnt $new->{headers}{etag}, $old->{headers}{etag}, 'another ETag';
is decoded($new)->{version}, 1, 'of the same version';

is call("GET /api/order-status/$id", as => 'buyer',
        headers => "If-None-Match: $old->{headers}{etag}")->{code},
    200, 'the old ETag does not match';

sql("UPDATE shop.workflow_statuses SET message = 'Waiting for seller...'
      WHERE workflow = 'shop' AND code = 'pending'");
ok wait_until(sub {
    decoded(call("GET /api/order-status/$id", as => 'buyer'))->{message}
        eq 'Waiting for seller...';
}), 'and back';


=== TEST 15: polls on one connection, each with its own token
--- play
my ($on, $id) = (connection(), order_id('keep'));

for my $user (qw(buyer seller admin buyer)) {
    is call("GET /api/order-status/$id", as => $user, on => $on)->{code},
        200, $user;
}

is_problem call("GET /api/order-status/$id", as => 'buyer2', on => $on),
    403, 'FORBIDDEN', 'somebody else in between';
is_problem call("GET /api/order-status/$id", on => $on),
    401, 'UNAUTHORIZED', 'nobody';
is call("GET /api/order-status/$id", as => 'buyer', on => $on)->{code},
    200, 'the buyer again';


=== TEST 16: a poll with a body that nobody reads
--- as: buyer
--- request eval
"GET /api/order-status/" . order_id('body') . "\nsome body"
--- response_headers_like
X-Order-Cache: .+


=== TEST 17: hot polls ask the database nothing
--- play
my $path = '/api/order-status/' . order_now('hot');
my $on = connection();

call("GET $path", as => 'buyer', on => $on);

my $before = queries('order_records');
my $bad = grep { call("GET $path", as => 'buyer', on => $on)
                     ->{headers}{'x-order-cache'} ne 'HIT' } 1 .. 200;

is $bad, 0, 'all from the cache';
is queries('order_records'), $before, 'no query';
