# What is counted, and how it is told: each thing is done, and exactly its
# series move.

use strict;
use warnings;
use feature 'state';

use lib 't/lib';
use OrderTest qw(:DEFAULT http_config);
use OrderClient;
use OrderMetrics;
use OrderStream;
use Test::Nginx::Socket;

our $base = '/api/order-status/';


# A poll, by the same token each time.
sub poll {
    my ($id, %how) = @_;
    my $user = delete $how{as} // 'buyer';

    state %tokens;
    $tokens{$user} //= token($user);

    $how{headers} = "Authorization: Bearer $tokens{$user}\n"
                    . ($how{headers} // '');

    return call(($how{method} // 'GET') . " $base$id", %how);
}


sub etag {
    return "If-None-Match: $_[0]{headers}{etag}\n";
}


# Lets nobody in any more, and throws out who is in; or lets them in again.
sub database_open {
    my $open = shift() ? 'true' : 'false';
    my $name = database();

    OrderTest::psql('postgres',
                    "ALTER DATABASE $name WITH ALLOW_CONNECTIONS $open");
    OrderTest::psql('postgres', "SELECT pg_terminate_backend(pid)
                                   FROM pg_stat_activity
                                  WHERE datname = '$name'")
        if $open eq 'false';
}

# The series of a poll that has that result, of that class of status.
sub polled {
    my ($result, $class) = @_;

    return ("polls_total{result=\"$result\"}" => 1,
            "requests_total{operation=\"order_status\",class=\"$class\"}" => 1,
            $result eq 'unauthorized' ? ()
                : ('tokens_total{result="remembered"}' => 1));
}

# One connection and a queue of three; a statement that ends before long; and
# room for some thousand tokens and orders.
our ($narrow, $hasty, $tiny) = (http_config()) x 3;

$narrow =~ s/connections=4/connections=1 queue=3 queue_timeout=8s
                           timeout=60s/ or die;
$hasty =~ s/connections=4/connections=4 timeout=5s/ or die;
$tiny =~ s/orders:4m tokens=1m/orders:1m tokens=256k/ or die;

our $read = 'db_queries_total{lane="fill",result="ok"}';

metrics_config();

sql("INSERT INTO shop.orders (buyer_id, store_id, payment_method, total_amount)
     SELECT '" . user_id('buyer') . "', '" . store_id(3) . "', 'card', 1
       FROM generate_series(1, 9000)");

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a scrape is what Prometheus reads, and says what it is
--- order
order_feed_timeout 60s;
--- play
ok wait_until(sub { metric('db_connections{state="idle"}') == 4
                    && metric('listener_up') }, 60), 'all is there';

my $got = call('GET /metrics');

is $got->{code}, 200, 'without a token';
is $got->{headers}{'content-type'},
   'text/plain; version=0.0.4; charset=utf-8', 'the type';
is promtool($got->{body}), '', 'promtool has nothing to say';

my %seen = series($got->{body});

is $seen{'info{version="1.0.0"}'}, 1, 'the version';
is $seen{workers}, 1, 'one worker';
is $seen{feed_up}, 1, 'the feed';
is $seen{listener_up}, 1, 'and its listener';
cmp_ok $seen{feed_lag_seconds}, '<', 60, 'it is fresh';
is $seen{'zone_bytes{part="orders"}'}, 4 * 1024 * 1024, 'orders';
is $seen{'zone_bytes{part="tokens"}'}, 1024 * 1024, 'tokens';
is $seen{db_queue_limit}, 1024, 'the queue';
is $seen{'db_connections{state="idle"}'}
   + $seen{'db_connections{state="busy"}'}, 4, 'connections';

my $head = call('HEAD /metrics');

is $head->{code}, 200, 'HEAD';
cmp_ok $head->{headers}{'content-length'}, '>', 1000, 'tells how long it is';
is $head->{body}, '', 'and nothing else';

$got = call('POST /metrics', body => 'x');
is_problem $got, 405, 'METHOD_NOT_ALLOWED', 'POST';
is $got->{headers}{allow}, 'GET, HEAD', 'what may be asked';
is_deeply { moved(qr/^(?:polls|requests|tokens)_/, sub { call('GET /metrics')
          }) }, {}, 'a scrape is no request of the API';


=== TEST 2: polls, by what became of them
--- order
order_feed_timeout 60s;
--- play
my ($id, $other) = (order_now('a'), order_now('b'));
my $got;

poll($other);
poll($other, as => $_) for qw(buyer2 seller);

moves sub { $got = poll($id) }, 'a miss', polled('miss', '2xx'), $::read => 1;
moves sub { poll($id) }, 'a hit', polled('hit', '2xx');
moves sub { poll($id, as => 'seller') }, 'the seller\'s', polled('hit', '2xx');
moves sub { poll($id, method => 'HEAD') }, 'HEAD',
      polled('hit', '2xx');
moves sub { poll($id, headers => etag($got)) }, 'what it has', polled('not_modified', '3xx');
moves sub { poll($id, as => 'buyer2') }, 'somebody else\'s',
      polled('forbidden', '4xx');
moves sub { call("GET $::base$id") }, 'no token', polled('unauthorized', '4xx');
moves sub { poll('no+number') }, 'what is no number', polled('not_found', '4xx');
moves sub { poll("$id?wait=x") }, 'a bad argument',
      polled('bad_request', '4xx');
moves sub { poll('00000000-0000-7000-8000-0000000000aa') },
      'an unknown order', polled('not_found', '4xx'), $::read => 1;
moves sub { poll('00000000-0000-7000-8000-0000000000aa') },
      'which is remembered', polled('not_found', '4xx');
moves sub { poll(order_number('b')) }, 'a number', polled('miss', '2xx'),
      $::read => 1;
moves sub { poll(order_number('b')) }, 'which is remembered',
      polled('hit', '2xx');
moves sub { poll($id) for 1 .. 100 }, 'a hundred',
      map { /\D/ ? $_ : 100 } polled('hit', '2xx');


=== TEST 3: requests, by operation and class; what no route has
--- play
my $id = order_now('c');
my $confirm = 'PUT /api/orders/' . $id;

my $requests = sub {
    my ($operation, $class, @call) = @_;

    is_deeply { moved(qr/^requests_total/, sub { call(@call) }) },
              { "requests_total{operation=\"$operation\",class=\"$class\"}"
                    => 1 }, "$operation $class";
};

my $etag = etag(call("GET /api/orders/$id", as => 'buyer'));

$requests->('get_order', '2xx', "GET /api/orders/$id", as => 'buyer');
$requests->('get_order', '3xx', "GET /api/orders/$id", as => 'buyer',
            headers => $etag);
$requests->('get_order', '4xx', "GET /api/orders/$id", as => 'buyer2');
$requests->('get_order', '4xx', "GET /api/orders/$id");
$requests->('get_order_bare', '2xx', "GET /orders/$id", as => 'buyer');
$requests->('update_order', '2xx', $confirm, as => 'seller',
            json => '{"status":"confirmed"}');
$requests->('update_order', '4xx', $confirm, as => 'seller', json => '{');
$requests->('login', '4xx', 'POST /api/auth/login', json => '{}');
$requests->('openapi', '2xx', 'GET /api/openapi.json');
$requests->('none', '4xx', 'GET /api/nothing');
$requests->('none', '4xx', 'DELETE /api/auth/login');


=== TEST 4: what error_page answers is counted, once
--- order
order_intercept_errors on;
--- config
location /api/ { order_api; error_page 404 = /gone; }
location = /gone { return 200 "gone"; }
location = /metrics { order_metrics; }
--- play
is_deeply { moved(qr/^(?:polls|requests)_total/, sub {
    is poll('no+number')->{body}, 'gone', 'a poll';
    is call('GET /api/nothing')->{body}, 'gone', 'and where no route is';
}) }, { 'polls_total{result="not_found"}' => 1,
        'requests_total{operation="order_status",class="4xx"}' => 1,
        'requests_total{operation="none",class="4xx"}' => 1 }, 'as they were';


=== TEST 5: tokens: verified, then remembered; refused
--- play
my $id = order_now('d');
my $token = token('buyer', 900);

my $tokens = sub {
    my ($result, $sent) = @_;

    is_deeply { moved(qr/^tokens_total/, sub {
        call("GET $::base$id", headers => "Authorization: Bearer $sent");
    }) }, { "tokens_total{result=\"$result\"}" => 1 }, $result;
};

$tokens->('verified', $token);
$tokens->('remembered', $token);
$tokens->('refused', $token . 'x');
$tokens->('refused', 'x' x 5000);
$tokens->('refused', token('buyer', -900));


=== TEST 6: while the feed cannot read: stale, then expired, and how old all is
--- order
order_stale 3s;
order_feed_timeout 1500ms;
--- play
my $id = order_now('e');

my $becomes = sub {
    my $result = shift;

    return wait_until(sub {
        my %moved = moved(qr/^polls_total/, sub { poll($id) });

        return $moved{"polls_total{result=\"$result\"}"};
    });
};

poll($id);
sql('REVOKE EXECUTE ON FUNCTION api.feed_read(text) FROM order_api');
ok $becomes->('stale'), 'stale';

my %seen = metrics();

is $seen{feed_up}, 0, 'the feed is not up';
cmp_ok $seen{feed_lag_seconds}, '>', 1.5, 'its lag';
is $seen{listener_up}, 1, 'it listens still';
cmp_ok $seen{'db_queries_total{lane="feed",result="refused"}'}, '>', 0,
    'its queries are refused';
ok $becomes->('expired'), 'expired, and read again';

sql('GRANT EXECUTE ON FUNCTION api.feed_read(text) TO order_api');
ok wait_until(sub { metric('feed_up') == 1 }), 'up again';
ok $becomes->('hit'), 'and a hit';
--- error_log
the change feed cannot read


=== TEST 7: while the database is down: polls, queries, connections, the feed
--- order
order_stale 0s;
--- play
my $id = order_now('f');
my $unknown = '00000000-0000-7000-8000-0000000000ab';

poll($id);
database_open(0);
ok wait_until(sub { metric('db_connections{state="idle"}') == 0
                    && metric('listener_up') == 0 }), 'no connection';
ok wait_until(sub { poll($unknown)->{code} == 503 }), 'polls are not answered';

is_deeply { moved(qr/^polls_total|^db_queries_total\{lane="fill"/,
                  sub { poll($unknown) }) },
          { 'polls_total{result="unavailable"}' => 1,
            'db_queries_total{lane="fill",result="down"}' => 1 }, 'a poll';

my %seen = metrics();
my $sum = 0;

$sum += $seen{"db_connections{state=\"$_\"}"} for qw(idle busy connecting
                                                     down);
is $sum, 4, 'each connection is in one state';
ok wait_until(sub { metric('feed_up') == 0 }), 'the feed is down';

database_open(1);
ok wait_until(sub { metric('db_connections{state="idle"}') == 4 }, 60),
    'all connections are back';
ok wait_until(sub { metric('feed_up') == 1 && metric('listener_up') == 1 }),
    'and the feed';
--- no_error_log
[emerg]


=== TEST 8: the queue: its length, and those it turns away; how long queries took
--- order
off
--- http_config eval: $::narrow
--- play
my $id = order_now('h');
my $lock = hold("SELECT FROM shop.orders WHERE id = '$id' FOR UPDATE");

my $calls = sub {
    return map { start("PUT /api/orders/$id", as => 'seller',
                       json => '{"status":"confirmed"}') } 1 .. shift;
};
my $lane = sub { 'db_queries_total{lane="call",result="' . shift . '"}' };

my %before = metrics();

is $before{db_queue_limit}, 3, 'its limit';

my ($first) = $calls->(1);

ok wait_until(sub { metric('db_connections{state="busy"}') == 1 }), 'busy';
is metric('db_connections{state="idle"}'), 0, 'and none is idle';

my @more = $calls->(3);

ok wait_until(sub { metric('db_queue_length') == 3 }), 'full';

my @late = $calls->(4);

is finish($_)->{code}, 503, 'turned away' for @late;
cmp_ok metric($lane->('busy')) - $before{ $lane->('busy') }, '>=', 4,
    'each is counted';
is finish($_)->{code}, 503, 'waited too long' for @more;
ok wait_until(sub { metric('db_queue_length') == 0 }), 'nobody waits';

release($lock);
is finish($first)->{code}, 200, 'the first is answered';

my %after = metrics();
my $time = 'db_query_duration_seconds';

is $after{ $lane->('ok') } - $before{ $lane->('ok') }, 1, 'ok';
is $after{"${time}_count{lane=\"call\"}"}
   - $before{"${time}_count{lane=\"call\"}"}, 1, 'one was sent';
is $after{"${time}_bucket{lane=\"call\",le=\"0.1\"}"}
   - $before{"${time}_bucket{lane=\"call\",le=\"0.1\"}"}, 0, 'it took long';
is $after{"${time}_bucket{lane=\"call\",le=\"+Inf\"}"},
   $after{"${time}_count{lane=\"call\"}"}, 'the buckets add up';
cmp_ok $after{"${time}_sum{lane=\"call\"}"}
       - $before{"${time}_sum{lane=\"call\"}"}, '>', 0.3, 'as long as it did';
--- no_error_log
[emerg]


=== TEST 9: a statement that the database refuses, and one that takes too long
--- order
off
--- http_config eval: $::hasty
--- play
my $id = order_now('i');
my @call = ("PUT /api/orders/$id", json => '{"status":"confirmed"}');

is_deeply { moved(qr/^db_queries_total\{lane="call"/, sub {
    is call(@call, as => 'manager')->{code}, 403, 'not his';
}) }, { 'db_queries_total{lane="call",result="refused"}' => 1 }, 'refused';

my $lock = hold("SELECT FROM shop.orders WHERE id = '$id' FOR UPDATE");
my $socket = start(@call, as => 'seller');
my $pid;

ok wait_until(sub {
    $pid = sql("SELECT pid FROM pg_stat_activity
                 WHERE datname = current_database() AND usename = 'order_api'
                   AND wait_event_type = 'Lock'");
}), 'it runs';

kill 'STOP', $pid;
is_deeply { moved(qr/^db_queries_total\{lane="call"/, sub {
    is finish($socket)->{code}, 503, 'given up';
}) }, { 'db_queries_total{lane="call",result="timeout"}' => 1 }, 'timeout';
kill 'CONT', $pid;
release($lock);
--- no_error_log
[emerg]


=== TEST 10: changes and gaps of the feed
--- play
my $id = order_now('j');

is_deeply { moved(qr/^feed_(?:changes|gaps|takeovers)_total/, sub {
    poll($id);
    order_set($id, 'confirmed');
    wait_until(sub { decoded(poll($id))->{version} == 2 });
}) }, { feed_changes_total => 1 }, 'one change';

is metric('feed_takeovers_total'), 1, 'the feed was taken once';

sql('UPDATE shop.change_log_floor SET xid = pg_current_xact_id()');
ok wait_until(sub { metric('feed_gaps_total') == 1 }), 'one gap';


=== TEST 11: entries and evictions of the tables
--- order
off
--- http_config eval: $::tiny
--- play
my $capacity = metric('table_capacity{table="tokens"}');

my $send = sub {
    my ($from, $to) = @_;
    my $on;

    for my $n ($from .. $to) {
        $on = connection() if !$on || $n % 500 == 0;
        call("GET $::base" . 'no+number', on => $on,
             headers => 'Authorization: Bearer ' . token('buyer', 900 + $n));
    }
};

$send->(1, 100);
is metric('table_entries{table="tokens"}'), 100, 'a hundred tokens';
$send->(101, $capacity + 500);

my %seen = metrics();

is $seen{'table_entries{table="tokens"}'}
   + $seen{'table_evictions_total{table="tokens"}'}, $capacity + 500,
    'each one is there, or made room';
cmp_ok $seen{'table_entries{table="tokens"}'}, '<=', $capacity, 'it is full';


=== TEST 12: the same for orders
--- order
off
--- http_config eval: $::tiny
--- play
my $entries = 'table_entries{table="orders"}';
my $evictions = 'table_evictions_total{table="orders"}';
my %seen = metrics();

is $seen{$evictions}, 0, 'loading makes nobody leave';
cmp_ok $seen{$entries}, '>', $seen{'table_capacity{table="orders"}'} * 0.9,
    'the orders are loaded';

# some of these are not there, and find no room

my ($n, $on) = (0);

for my $id (split /\n/, sql('(SELECT id FROM shop.orders ORDER BY id
                               LIMIT 800)
                              UNION ALL
                              (SELECT id FROM shop.orders ORDER BY id DESC
                               LIMIT 800)'))
{
    $on = connection() if $n++ % 500 == 0;
    poll($id, as => 'admin', on => $on);
}

%seen = metrics();
cmp_ok $seen{$evictions}, '>', 0, 'some make room for others';
cmp_ok $seen{$entries}, '<=', $seen{'table_capacity{table="orders"}'},
    'it is full';


=== TEST 13: subscribers come and go, on each transport
--- play
my $id = order_live('k');

my $count = sub { metric("subscribers{transport=\"$_[0]\"}") };
my $became = sub {
    my ($transport, $n) = @_;

    return wait_until(sub { $count->($transport) == $n });
};

my @streams = map { sse("/api/orders/$id/events", as => 'buyer') } 1 .. 3;

ok $became->('sse', 3), 'three streams';

my @sockets = map { ws('/ws', as => 'buyer') } 1 .. 2;

ok $became->('websocket', 2), 'two WebSockets';

my $got = poll($id);
my $long = start("GET $::base$id?wait=60", as => 'buyer', headers => etag($got));

ok $became->('long_poll', 1), 'one long poll';
$_->next for @streams, @sockets;

is_deeply { moved(qr/^push_messages_total/, sub {
    order_set($id, 'confirmed');
    $_->next for @streams, @sockets;
    finish($long);
}) }, { 'push_messages_total{transport="sse"}' => 3,
        'push_messages_total{transport="websocket"}' => 2,
        'push_messages_total{transport="long_poll"}' => 1 },
    'each is told once';
ok $became->('long_poll', 0), 'the poll is answered';

is_deeply { moved(qr/^push_ends_total/, sub {
    (shift @streams)->close;
    $became->('sse', 2);
    (shift @sockets)->leave;
    $became->('websocket', 1);
}) }, { 'push_ends_total{reason="client"}' => 2 }, 'two leave';

is_deeply { moved(qr/^push_ends_total/, sub {
    order_set($id, $_) for qw(processing shipped returned);
    $became->('sse', 0);
}) }, { 'push_ends_total{reason="final"}' => 2 }, 'the end of the order';

is_deeply { moved(qr/^push_ends_total/, sub {
    $sockets[0]->put_frame('binary', 'x');
    $became->('websocket', 0);
}) }, { 'push_ends_total{reason="protocol"}' => 1 }, 'what is no message';

is_deeply { moved(qr/^requests_total.*(?:events|ws)/, sub {
    sse('/api/events', as => 'buyer')->next;
    ws('/ws', as => 'buyer')->next;
    sse('/api/events');
}) }, { 'requests_total{operation="events",class="2xx"}' => 1,
        'requests_total{operation="events",class="4xx"}' => 1,
        'requests_total{operation="ws",class="1xx"}' => 1 }, 'as requests';


=== TEST 14: subscribers that are too many are refused; a token that ends
--- order
order_push_clients 3;
order_push_user_clients 2;
order_jwt_leeway 0s;
--- play
my $id = order_live('l');
my @streams = map { sse('/api/events', as => 'buyer') } 1 .. 2;

$_->next for @streams;
is_deeply { moved(qr/^push_refused_total/, sub {
    is sse('/api/events', as => 'buyer')->{code}, 429, 'of one user';
}) }, { push_refused_total => 1 }, 'refused';

push @streams, sse('/api/events', token => token('buyer2', 3));
$streams[2]->next;
is_deeply { moved(qr/^push_refused_total/, sub {
    is sse('/api/events', as => 'seller')->{code}, 503, 'of all';
    is ws('/ws', as => 'seller')->{code}, 503, 'on either transport';
}) }, { push_refused_total => 2 }, 'refused';

ok wait_until(sub { metric('push_ends_total{reason="expired"}') == 1 }),
    'its token has expired';
ok wait_until(sub { metric('subscribers{transport="sse"}') == 2 }),
    'and it is gone';


=== TEST 15: webhooks, by source and result
--- play
my $json = JSON::PP->new->canonical;
my $id = sql("UPDATE shop.settings SET trust_payment = false;
              INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                       total_amount)
              VALUES ('" . user_id('buyer') . "', '" . store_id(5) . "',
                      'fiat', 79.99) RETURNING id");

my $send = sub {
    my ($source, $members, %how) = @_;
    my $body = $json->encode({ orderId => $id, %$members });

    return call("POST /api/webhooks/$source", json => $body,
                headers => webhook($source, $body, %how));
};

my $becomes = sub {
    my ($source, $result, @send) = @_;

    is_deeply { moved(qr/^webhooks_total/, sub { $send->($source, @send) }) },
              { "webhooks_total{source=\"$source\",result=\"$result\"}" => 1 },
              "$source: $result";
};

my %paid = (type => 'payment.confirmed');

$becomes->('payment', 'refused', \%paid, signature => 'v1,AAAA');
$becomes->('payment', 'refused', \%paid, timestamp => time - 3600);
$becomes->('payment', 'refused', { type => 'x' x 999 });
$becomes->('payment', 'refused', { %paid, orderId => 'ORD-1999-1' });
$becomes->('payment', 'applied', \%paid, id => 'one');
$becomes->('payment', 'repeated', \%paid, id => 'one');
$becomes->('payment', 'late', { type => 'payment.failed' });
$becomes->('payment', 'ignored', { type => 'payment.noticed' });
order_set($id, $_) for qw(order_confirmed processing ready_to_ship shipped);
$becomes->('shipping', 'applied', { status => 'in_transit' });
$becomes->('escrow', 'refused', {}, signature => 'v1,AAAA');


=== TEST 16: what the database says of the shop is told, as it stands
--- play
my $text = "# HELP nginx_order_orders Orders.\n"
           . "# TYPE nginx_order_orders gauge\n"
           . "nginx_order_orders{workflow=\"shop\",status=\"pending\"} 7\n";

ok wait_until(sub { defined metric('shop_metrics_age_seconds') }),
    'it is asked for by itself';
ok !defined metric('orders{workflow="shop",status="pending"}'), 'nothing yet';

my $asked = queries('order_metrics');

metrics() for 1 .. 100;
cmp_ok queries('order_metrics') - $asked, '<=', 1, 'no query for a scrape';

shop_metrics("\$t\$$text\$t\$");
ok wait_until(sub { metric('orders{workflow="shop",status="pending"}') }, 30),
    'told';

my $body = call('GET /metrics')->{body};

is substr($body, -length $text), $text, 'behind all else, as it is';
is promtool($body), '', 'promtool has nothing to say';
cmp_ok metric('shop_metrics_age_seconds'), '<', 30, 'its age';
shop_metrics("''");


=== TEST 17: more than 64 KB of it are left out, and logged
--- play
shop_metrics("repeat('x', 65537)");
ok OrderClient::wait_for_log('answered 65537 bytes: more than 65536 are not'),
    'logged';
ok wait_until(sub { metric('feed_up') }), 'the rest is told';
shop_metrics("''");
--- error_log
more than 65536 are not told
--- cold
