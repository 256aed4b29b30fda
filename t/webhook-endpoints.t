# Webhooks out: shops subscribe to what happens to their orders.  What is sent
# is read from the outbox, as the dispatcher takes it.

use strict;
use warnings;

use IPC::Open2 qw(open2);

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $path = '/api/webhook-endpoints';
our $all = join ' ', qw(order.created order.deleted order.status_changed
                        order.updated);


# A new endpoint of a store, by its manager; the answer.
sub add {
    my ($user, $store, %more) = @_;
    my %body = (url => 'https://hooks.example.com/in', %more);

    $body{store_id} = store_id($store) if defined $store;

    return call("POST $path", as => $user,
                json => JSON::PP->new->canonical->encode(\%body));
}


sub id_of { return decoded(shift)->{endpoint}{id} }


# An endpoint in a store of its own, with a manager of its own; its id.
sub endpoint {
    my ($name, %more) = @_;
    my $store = new_store($name);
    my $got = call("POST $path", as => $name, json => JSON::PP->new->encode({
        store_id => $store, url => 'https://hooks.example.com/in', %more }));

    return (id_of($got), $store, decoded($got)->{secret});
}


sub new_store {
    my $name = shift;

    new_user($name, 'manager');

    return sql("INSERT INTO shop.stores (name, manager_id, workflow)
                VALUES ('$name', '" . user_id($name) . "', 'shop')
                RETURNING id");
}


# An order of a store, as anybody may write it who has psql.
sub ordered {
    return sql("INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                         total_amount)
                VALUES ('" . user_id('buyer') . "', '$_[0]', 'card', 10.50)
                RETURNING id");
}


# What the dispatcher gets for an endpoint, [id, attempt, secrets, payload] of
# each.
sub take {
    my $id = shift;

    return map { [split /\|/, $_, 4] } split /\n/, sql(
        "SELECT t.id, t.attempt, array_to_string(secrets, ' '), payload
           FROM dispatch.take('{webhook}', 1000, '1 min') t
           JOIN shop.outbox o ON o.id = t.id
          WHERE o.endpoint_id = '$id'
          ORDER BY t.created_at");
}


# A session that listens: whether it was rung for since it was last asked.
sub listener {
    my $pid = open2(my $out, my $in, 'psql', '-XAtq', '-d',
                    OrderTest::conninfo() =~ s/user=\w+/user=order_dispatch/r);
    my $ask = sub {
        my ($statement, $rung) = (shift, 0);

        print {$in} "$statement;\n\\echo end\n";
        $in->flush;

        while (<$out>) {
            return $rung if /^end$/;
            $rung++ if /^Asynchronous notification "dispatch"/;
        }

        die "psql is gone\n";
    };

    $ask->('LISTEN dispatch');

    return sub { $ask->('SELECT') };
}


# The attempts of a list of deliveries, "STATE: n CODE, n CODE".
sub told {
    return map {
        my $delivery = $_;
        "$_->{event} $_->{state}: " . join ', ', map {
            join ' ', $_->{attempt}, $_->{code} // '-', $_->{error} // ()
        } @{ $delivery->{attempts} };
    } @{ decoded(shift)->{deliveries} };
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an endpoint is made, read, changed and deleted by its manager
--- play
my $got = add('seller', 3, description => 'the ERP');
my $made = decoded($got);
my $endpoint = $made->{endpoint};
my $id = $endpoint->{id};

is $got->{code}, 201, 'made';
like $made->{secret}, qr{^whsec_[A-Za-z0-9+/]{43}=$}, 'with a secret';
is join(' ', @{ $endpoint->{events} }), $::all, 'told of all';
is join('|', map { $endpoint->{$_} // '-' } qw(store_id url description
        active disabled_reason failures failing_since)),
    join('|', store_id(3), 'https://hooks.example.com/in', 'the ERP', 1, '-',
         0, '-'), 'as it was asked for';

$got = call("GET $::path/$id", as => 'seller');
is_deeply decoded($got)->{endpoint}, $endpoint, 'it is read';
unlike $got->{body}, qr/whsec_|secret/, 'without the secret';

$got = call("PATCH $::path/$id", as => 'seller', json =>
    '{"url":"https://other.example","description":"the CRM",'
    . '"events":["order.updated","order.created","order.updated"]}');
$endpoint = decoded($got)->{endpoint};
is join('|', @$endpoint{qw(url description)}, @{ $endpoint->{events} }),
    'https://other.example|the CRM|order.created|order.updated',
    'it is changed';
unlike $got->{body}, qr/whsec_|secret/, 'without the secret';

is call("PATCH $::path/$id", as => 'seller', json => '{}')->{code}, 200,
    'nothing to change';
is_deeply decoded(call("GET $::path/$id", as => 'seller'))->{endpoint}{events},
    $endpoint->{events}, 'changes nothing';

is call("DELETE $::path/$id", as => 'seller')->{code}, 204, 'it is deleted';
is_problem call("$_ $::path/$id" . ($_ eq 'POST' ? '/test' : ''),
                as => 'seller', $_ eq 'PATCH' ? (json => '{}') : ()),
    404, 'NOT_FOUND', "$_ finds it no more" for qw(GET PATCH DELETE POST);
is sql("SELECT secret || coalesce(old_secret, '') FROM shop.webhook_endpoints
         WHERE id = '$id'"), '', 'its secret is gone';


=== TEST 2: who may
--- play
my $id = id_of(add('seller', 3));
my @ways = (["GET $::path/$id"], ["PATCH $::path/$id", json => '{}'],
            ["DELETE $::path/$id"], ["POST $::path/$id/secret"],
            ["POST $::path/$id/test"], ["GET $::path/$id/deliveries"]);

for my $way (@ways) {
    is_problem call(@$way, as => $_), 403, 'FORBIDDEN', "$_: $way->[0]"
        for qw(manager buyer driver);
    is_problem call(@$way), 401, 'UNAUTHORIZED', "nobody: $way->[0]";
}

is_problem add($_, 3), 403, 'FORBIDDEN', "$_ makes none for that store"
    for qw(manager buyer driver);
is_problem add('seller', 99), 404, 'NOT_FOUND', 'there is no such store';

my $got = add('seller');
is_problem $got, 400, 'INVALID_INPUT', 'a manager has to say which store';
is decoded($got)->{errors}[0]{field}, 'store_id', 'store_id';

$got = add('admin');
is $got->{code}, 201, 'an admin need not';
is decoded($got)->{endpoint}{store_id}, undef, 'then it is of all';
is_problem call("GET $::path/" . id_of($got), as => 'seller'), 403,
    'FORBIDDEN', 'and no seller\'s';
is call("GET $::path/$id", as => 'admin')->{code}, 200,
    'an admin reads those of sellers';
is call("DELETE $::path/$_", as => 'admin')->{code}, 204, 'and deletes them'
    for $id, id_of($got);


=== TEST 3: a URL that nothing is sent to
--- play
my %wrong = (
    'http://a.example/' => 'must be an https URL',
    'ftp://a.example/' => 'must be an https URL',
    'HTTPS://a.example/' => 'must be an https URL',
    'a.example' => 'must be an https URL',
    'https:///in' => 'must be an https URL',
    'https://a.example:/' => 'must be an https URL',
    'https://[fe80::1%25eth0]/' => 'must be an https URL',
    'https://u@a.example/' => 'must not have a user name or a password',
    'https://u:p@a.example' => 'must not have a user name or a password',
    'https://a.example/#in' => 'must not have a fragment',
    'https://a.example:0/' => 'must have a port from 1 to 65535',
    'https://a.example:65536/' => 'must have a port from 1 to 65535',
    'https://a.example/a b' => 'must be of the characters of a URL',
    "https://a.example/\t" => 'must be of the characters of a URL',
    "https://b\xc3\xbccher.example/" => 'must be of the characters of a URL',
    'https://a.example\\@b.example/' => 'must be of the characters of a URL',
    (map { ("https://$_/" => 'must have the name or the address of a host') }
         qw(127.1 0x7f.1 0x7f000001 2130706433 017700000001 256.1.1.1 1.2.3.4.5
            127.0.0.1. a..b -a.example [1::2::3] [:]),
         'a' x 64 . '.example', join '.', ('a' x 50) x 6),
    (map { ("https://$_/" => 'must be on the Internet') }
         qw(127.0.0.1 10.0.0.1 172.31.255.255 192.168.1.1 169.254.169.254
            100.64.0.1 0.0.0.0 192.0.2.1 198.51.100.1 203.0.113.1 198.19.0.1
            224.0.0.1 255.255.255.255 [::1] [::] [::ffff:8.8.8.8] [fe80::1]
            [fc00::1] [ff02::1] [2001:db8::1] [2002:a00:1::] [64:ff9b::1]
            localhost LOCALHOST localhost. a.localhost db intranet
            printer.local metadata.google.internal)),
);

for (sort keys %wrong) {
    my $got = add('seller', 3, url => $_);

    is "$got->{code} " . join(' ', map { "$_->{field} $_->{message}" }
                                   @{ decoded($got)->{errors} }),
        "400 url $wrong{$_}", "refused: " . s/[^ -~]/?/gr;
}

for (qw(https://a.example https://a.example/ https://A.example:8443/in?a=b@c
        https://a_b.example. https://8.8.8.8/ https://[2606:4700::1111]:8443/
        https://xn--bcher-kva.example/))
{
    my $got = add('seller', 3, url => $_);

    is $got->{code}, 201, "taken: $_";
    call("DELETE $::path/" . id_of($got), as => 'seller');
}

my $id = id_of(add('seller', 3));
is_problem call("PATCH $::path/$id", as => 'seller',
                json => '{"url":"https://10.0.0.1/"}'),
    400, 'INVALID_INPUT', 'nor is it changed to one';

sql('UPDATE shop.outbox_settings
        SET webhook_http = true, webhook_private = true');
is add('seller', 3, url => $_)->{code}, 201, "taken where allowed: $_"
    for 'http://127.0.0.1:8000/', 'https://10.0.0.1', 'http://hooks',
        'http://[::1]/';
is_problem add('seller', 3, url => 'http://127.1/'), 400, 'INVALID_INPUT',
    'but nothing that is no address';
sql('UPDATE shop.outbox_settings
        SET webhook_http = false, webhook_private = false');


=== TEST 4: other fields
--- play
my @wrong = (
    ['{"url":"https://a.example","events":[]}', 'events'],
    ['{"url":"https://a.example","events":["order.gone"]}', 'events[0]'],
    ['{"url":"https://a.example","events":["order.created",1]}', 'events[1]'],
    ['{"url":"https://a.example","events":"order.created"}', 'events'],
    ['{"url":"https://a.example","events":[{}]}', 'events[0]'],
    ['{"url":"https://a.example","description":"' . 'x' x 501 . '"}',
     'description'],
    ['{"url":"https://a.example","description":""}', 'description'],
    ['{"url":"https://a.example/' . 'x' x 2048 . '"}', 'url'],
    ['{"url":"https://a.example","secret":"whsec_mine"}', 'secret'],
    ['{"events":["order.created"]}', 'url'],
);

for (@wrong) {
    my ($json, $field) = @$_;
    my $got = call("POST $::path", as => 'admin', json => $json);

    is join(' ', $got->{code}, map { $_->{field} }
                                   @{ decoded($got)->{errors} }),
        "400 $field", substr $json, 0, 70;
}


=== TEST 5: as many as a store may have, and one answer to one key
--- play
my $store = new_store('busy');
my $body = "{\"store_id\":\"$store\",\"url\":\"https://hooks.example.com\"}";
my @post = ("POST $::path", as => 'busy', json => $body);

sql('UPDATE shop.outbox_settings SET webhook_limit = 2');

my $first = call(@post, headers => "Idempotency-Key: one\n");
my $again = call(@post, headers => "Idempotency-Key: one\n");

is $first->{code}, 201, 'one';
is $again->{headers}{'idempotent-replayed'}, 'true', 'the same again';
is $again->{body}, $first->{body}, 'has the same secret';
is_problem call("POST $::path", as => 'busy', json => $body =~ s/com/org/r,
                headers => "Idempotency-Key: one\n"),
    422, 'IDEMPOTENCY_KEY_REUSED', 'another with that key';
is call(@post)->{code}, 201, 'two';

my $got = call(@post);
is_problem $got, 409, 'TOO_MANY_ENDPOINTS', 'a third';
is decoded($got)->{limit}, 2, 'with the limit';
call("DELETE $::path/" . id_of($first), as => 'busy');
is call(@post)->{code}, 201, 'one in the place of one that is deleted';

sql('UPDATE shop.outbox_settings SET webhook_limit = 20');


=== TEST 6: the list, by caller and store, in pages
--- play
my $other = id_of(add('seller', 3));
my $store = new_store('lister');
my @ids = sort map {
    id_of(call("POST $::path", as => 'lister', json =>
        "{\"store_id\":\"$store\",\"url\":\"https://h$_.example.com\"}"))
} 1 .. 5;

my $list = sub {
    my ($user, $arguments) = @_;
    return map { map { $_->{id} } @$_ }
        pages("$::path?$arguments", 'endpoints', as => $user);
};

is_deeply [$list->('lister', 'limit=2')], [reverse @ids],
    'in pages, the newest first';
is_deeply [$list->('admin', "store=$store&limit=3")], [reverse @ids],
    'of one store, for an admin';
is scalar(grep { $_ eq $other } $list->('admin', 'limit=100')), 1,
    'of all stores';
is_problem call("GET $::path?store=$store", as => 'seller'), 403,
    'FORBIDDEN', 'of somebody else\'s store';
is_problem call("GET $::path?store=" . store_id(99), as => 'seller'), 404,
    'NOT_FOUND', 'of no store';
is_problem call("GET $::path?cursor=x", as => 'seller'), 400,
    'INVALID_INPUT', 'a cursor that is none';
unlike call("GET $::path", as => 'lister')->{body}, qr/whsec_|secret/,
    'without secrets';


=== TEST 7: what is sent of an order: as its manager reads it
--- play
my ($id, $store) = endpoint('reader');
my $order = ordered($store);
my ($sent) = take($id);
my $payload = decoded({ body => $sent->[3] });
my $read = decoded(call("GET /api/orders/$order", as => 'reader'));

is_deeply $payload->{data}{order}, $read->{order}, 'the order';
is join(' ', $payload->{type}, @{ $payload->{data} }{qw(orderId version
        status)}, $payload->{data}{oldStatus} // '-'),
    "order.created $order 1 pending -", 'what happened to it';
is $payload->{timestamp}, $read->{order}{updatedAt}, 'when';
like $sent->[3], qr/"totalAmount":10\.5,/, 'money as elsewhere';
ok length $sent->[3] < 20_000, 'less than 20 kB';

call("PUT /api/orders/$order", as => 'reader', json =>
     '{"status":"confirmed"}');
call("PUT /api/orders/$order", as => 'reader', json =>
     '{"discountAmount":0.25}');
call("PUT /api/orders/$order", as => 'reader', json =>
     '{"status":"cancelled"}');
call("DELETE /api/orders/$order", as => 'admin');

is join(', ', map {
       my $event = decoded({ body => $_->[3] });
       join ' ', $event->{type}, map { $_ // '-' }
           @{ $event->{data} }{qw(version oldStatus status)};
   } take($id)),
    'order.status_changed 2 pending confirmed, '
    . 'order.updated 3 confirmed confirmed, '
    . 'order.status_changed 4 confirmed cancelled, '
    . 'order.deleted 5 cancelled cancelled', 'each change is told';
call("DELETE $::path/$id", as => 'reader');


=== TEST 8: an endpoint gets what it asks for, of its store only
--- play
my ($one, $store) = endpoint('picky', events => ['order.status_changed']);
my ($other) = endpoint('stranger');
my $every = id_of(add('admin', undef, events => ['order.created']));
my $order = ordered($store);

sql("UPDATE shop.orders SET status = 'confirmed' WHERE id = '$order'");

my $events = sub {
    my ($id, $user) = @_;
    return join ' ', map { $_->{event} } @{ decoded(
        call("GET $::path/$id/deliveries", as => $user))->{deliveries} };
};

is $events->($one, 'picky'), 'order.status_changed', 'one of its events';
is $events->($other, 'stranger'), '', 'none of another store';
is $events->($every, 'admin'), 'order.created', 'all stores, for an admin';

call("PATCH $::path/$one", as => 'picky', json => '{"active":false}');
is join(' ', told(call("GET $::path/$one/deliveries", as => 'picky'))),
    'order.status_changed failed: ', 'switched off, what waits is given up';
sql("UPDATE shop.orders SET status = 'processing' WHERE id = '$order'");
is $events->($one, 'picky'), 'order.status_changed', 'and nothing is added';
is_problem call("POST $::path/$one/test", as => 'picky'), 409,
    'ENDPOINT_DISABLED', 'nor tested';
is decoded(call("PATCH $::path/$one", as => 'picky',
                json => '{"active":true}'))->{endpoint}{disabled_reason},
    undef, 'switched on';
sql("UPDATE shop.orders SET status = 'shipped' WHERE id = '$order'");
is $events->($one, 'picky'), 'order.status_changed order.status_changed',
    'it is told again';

call("DELETE $::path/$one", as => 'picky');
call("DELETE $::path/$_", as => 'admin') for $other, $every;


=== TEST 9: a test, its attempts, and a retry under the same id
--- play
my ($id, undef, $secret) = endpoint('tester', events => ['order.deleted']);
my $got = call("POST $::path/$id/test", as => 'tester',
               headers => "Idempotency-Key: t\n");
my $delivery = decoded($got)->{delivery};

is $got->{code}, 201, 'queued';
is join(' ', @$delivery{qw(event state)}, scalar @{ $delivery->{attempts} }),
    'webhook.test waiting 0', 'as a delivery';
is decoded(call("POST $::path/$id/test", as => 'tester',
                headers => "Idempotency-Key: t\n"))->{delivery}{id},
    $delivery->{id}, 'one answer to one key';

my $list = sub {
    return join '; ', told(call("GET $::path/$id/deliveries"
                                . ($_[0] // ''), as => 'tester'));
};

my ($sent, @more) = take($id);
is join(' ', @$sent[0 .. 2], @more), "$delivery->{id} 1 $secret",
    'taken, once';
like $sent->[3], qr/^\{"type":"webhook\.test","timestamp":"[^"]+","data":/,
    'its text';
sql("SELECT dispatch.failed('$sent->[0]', 1, 503, '1.5 s', 'busy', NULL,
                            false)");
is $list->(), 'webhook.test waiting: 1 503 busy', 'one attempt failed';
like decoded(call("GET $::path/$id/deliveries", as => 'tester'))
    ->{deliveries}[0]{next_attempt_at}, qr/^20/, 'it tells of the next';
is_deeply decoded(call("GET $::path/$id", as => 'tester'))
    ->{endpoint}{failures}, 1, 'the endpoint has failed once';

$got = call("POST /api/webhook-deliveries/$sent->[0]/retry", as => 'tester');
is $got->{code}, 200, 'again, now';
my ($again) = take($id);
is "@$again[0, 1, 3]", "$sent->[0] 2 $sent->[3]", 'the same id and text';
is call("POST /api/webhook-deliveries/$sent->[0]/retry",
        as => 'tester')->{code}, 200, 'while it runs';
is scalar(take($id)), 0, 'it is not sent twice';
sql("SELECT dispatch.done('$sent->[0]', 2, 204, '0.1 s', NULL)");
is $list->(), 'webhook.test done: 2 204, 1 503 busy', 'it got through';
is $list->('?state=failed'), '', 'none is given up';
is $list->('?state=done'), $list->(), 'one is done';

call("POST /api/webhook-deliveries/$sent->[0]/retry", as => 'tester');
($again) = take($id);
is "@$again[0, 1, 3]", "$sent->[0] 3 $sent->[3]",
    'what was done can be sent again';
sql("SELECT dispatch.failed('$sent->[0]', 3, 410, '0.1 s', 'gone', NULL,
                            false)");
is decoded(call("GET $::path/$id", as => 'tester'))
    ->{endpoint}{disabled_reason}, 'gone', 'after 410 it is disabled';
is_problem call("POST /api/webhook-deliveries/$sent->[0]/retry",
                as => 'tester'), 409, 'ENDPOINT_DISABLED', 'no retry';
like call('GET /api/notifications', as => 'tester')->{body},
    qr/"type":"webhook_disabled"/, 'its manager is told';

is_problem call("POST /api/webhook-deliveries/$sent->[0]/retry", as => $_),
    403, 'FORBIDDEN', "not by $_" for qw(seller buyer);
is_problem call('POST /api/webhook-deliveries/' . user_id('buyer')
                . '/retry', as => 'admin'), 404, 'NOT_FOUND', 'no such';
is_problem call("GET $::path/$id/deliveries?$_", as => 'tester'), 400,
    'INVALID_INPUT', $_ for 'state=lost', 'cursor=x', 'limit=0';


=== TEST 10: a new secret; for a day the old one signs, too
--- play
my ($id, undef, $first) = endpoint('rotator');
my @rotate = ("POST $::path/$id/secret", as => 'rotator',
              headers => "Idempotency-Key: r\n");
my $got = call(@rotate);
my $second = decoded($got)->{secret};

is $got->{code}, 200, 'there it is';
is call(@rotate)->{body}, $got->{body}, 'the same for the same key';
like $second, qr{^whsec_[A-Za-z0-9+/]{43}=$}, 'of the same form';
isnt $second, $first, 'another one';
call("POST $::path/$id/test", as => 'rotator');
is +(take($id))[0][2], "$second $first", 'both sign, the new one first';

sql("UPDATE shop.webhook_endpoints SET old_until = now() WHERE id = '$id'");
call("POST $::path/$id/test", as => 'rotator');
is +(take($id))[0][2], $second, 'after a day, the new one alone';


=== TEST 11: the dispatcher is rung for, once there is something to send
--- play
my $bell = listener();
my ($id, $store) = endpoint('ringer', events => ['order.status_changed']);
my $order = ordered($store);

$bell->();
call("PUT /api/orders/$order", as => 'ringer', json =>
     '{"status":"confirmed"}');
ok wait_until($bell), 'a change through the module';
sql("UPDATE shop.orders SET status = 'processing' WHERE id = '$order'");
ok wait_until($bell), 'a change in psql';
call("POST $::path/$id/test", as => 'ringer');
ok wait_until($bell), 'a test';
call("DELETE $::path/$id", as => 'ringer');


=== TEST 12: deliveries in pages
--- play
my ($id) = endpoint('pager');
my @ids = sort map {
    decoded(call("POST $::path/$id/test", as => 'pager'))->{delivery}{id}
} 1 .. 5;

is_deeply [map { map { $_->{id} } @$_ }
               pages("$::path/$id/deliveries?limit=2&state=waiting",
                     'deliveries', as => 'pager')],
    [reverse @ids], 'the newest first';


=== TEST 13: an order whose webhook cannot be written is not acknowledged
--- play
my ($id, $store) = endpoint('unlucky');
my $product = sql("INSERT INTO shop.products (store_id, name, price, stock)
                   VALUES ('$store', 'thing', 1, 10) RETURNING id");

sql("CREATE FUNCTION shop.no() RETURNS trigger LANGUAGE plpgsql AS \$\$
     BEGIN
         RAISE EXCEPTION 'no';
     END \$\$;
     CREATE TRIGGER no BEFORE INSERT ON shop.outbox
        FOR EACH ROW EXECUTE FUNCTION shop.no()");

my @post = ('POST /api/place-order', as => 'buyer', json =>
    "{\"items\":[{\"product_id\":\"$product\",\"quantity\":1}],"
    . '"payment_method":"card"}');

is_problem call(@post), 500, 'INTERNAL_ERROR', 'refused';
sql('DROP TRIGGER no ON shop.outbox; DROP FUNCTION shop.no()');
is sql("SELECT count(*) FROM shop.orders WHERE store_id = '$store'"), 0,
    'and not there';
is call(@post)->{code}, 201, 'without the fault it is';
is scalar(grep { $_->[3] =~ /"order\.created"/ } take($id)), 1,
    'and told of, by the module\'s own role';
--- error_log
no
