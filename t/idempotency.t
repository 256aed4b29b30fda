# Idempotency-Key, at every POST that creates: which these are, the OpenAPI
# document tells.  Those without a body are in t/webhook-endpoints.t.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $orders = 'SELECT count(*) FROM shop.orders';
our $escrow = "UPDATE shop.workflow_transitions SET roles = '{%s}'
                WHERE workflow = 'marketplace' AND to_status = 'disputed'";
my $address = '{"name":"John Doe","street":"Main Street 1","city":"Bern",'
              . '"zipCode":"3000","country":"Switzerland"}';


sub with {
    my $members = shift;

    return sub { return "{$members$_[0]}" };
}


sub paid {
    my ($more, $user) = @_;

    return '{"paymentResult":{"success":true,"paymentMethod":"fiat"},'
           . '"checkoutData":{"buyerId":"' . user_id($user) . '","sellerId":"'
           . user_id('market') . '","listingId":"' . product_id(51)
           . '","totalAmount":79.99,"currency":"USDC","shippingAddress":'
           . "$address$more}}";
}


# An order that its buyer may dispute.
sub disputable {
    my $user = shift;
    my $placed = call('POST /api/place-order', as => $user, json =>
        '{"payment_method":"escrow","items":[{"quantity":1,"product_id":"'
        . product_id(51) . '"}]}');

    return "/api/orders/" . decoded($placed)->{order_id} . '/dispute';
}


# For each of them: the body, from more members and the user; how many were
# made; what keeps it from being done, if it is not that the products are not
# sold, and what undoes that.  "cart": what is ordered is in the cart; "as":
# who may, in the place of the two buyers.
my $laptop = '"product_id":"' . product_id(61) . '","quantity":1';
my %cart_item = (json => with($laptop),
    more => ',"size":"L"',
    made => 'SELECT coalesce(sum(quantity), 0) FROM shop.cart_items');
my %order = (json => with($laptop), made => $orders);
my %checkout = (json => with('"payment_method":"card"'), made => $orders,
                cart => 1);

our %keyed = (
    'POST /cart-items' => \%cart_item,
    'POST /api/cart-items' => \%cart_item,
    'POST /api/place-order' => { made => $orders,
        json => with(qq("payment_method":"card","items":[{$laptop}])) },
    'POST /orders' => \%order,
    'POST /api/orders product_id' => \%order,
    'POST /api/orders store_id' => { made => $orders, cart => 1,
        json => with('"payment_method":"card","store_id":"' . store_id(6)
                     . '"') },
    'POST /api/orders checkoutData' => { made => $orders, json => \&paid },
    'POST /orders/checkout' => \%checkout,
    'POST /api/orders/checkout' => \%checkout,
    'POST /api/orders/{order_id}/dispute' => {
        json => with('"reason":"Broken"'), more => ',"description":"Again"',
        path => \&disputable,
        made => "SELECT count(*) FROM shop.order_status_history
                  WHERE new_status = 'disputed'",
        fail => sprintf($escrow, 'admin'), mend => sprintf($escrow,
                                                           'customer') },
    'POST /api/webhook-endpoints' => {
        json => with('"url":"https://a.example","store_id":"' . store_id(3)
                     . '"'),
        more => ',"description":"Another"',
        as => { buyer => 'seller', buyer2 => 'admin' },
        made => 'SELECT count(*) FROM shop.webhook_endpoints',
        fail => 'UPDATE shop.outbox_settings SET webhook_limit = 0',
        mend => 'UPDATE shop.outbox_settings SET webhook_limit = 20' },
);


# A request at one of them, ready to be sent: from a key and more members, the
# arguments of call().  The cart is such that it can be done.
sub request {
    my ($name, $user) = @_;
    my $what = $keyed{$name};
    my ($line) = $name =~ /^(\S+ \S+)/;

    $user //= 'buyer';
    $line = 'POST ' . $what->{path}->($user) if $what->{path};
    fill($name, $user);

    return sub {
        my ($key, $more) = @_;
        return ($line, as => ($what->{as} // {})->{$user} // $user,
                headers => "Idempotency-Key: $key",
                json => $what->{json}->($more // '', $user));
    };
}


sub fill {
    my ($name, $user) = @_;

    sql("DELETE FROM shop.cart_items");
    fill_cart($user // 'buyer', 61) if $keyed{$name}{cart};
}


sub more { return $keyed{$_[0]}{more} // ',"notes":"Another"' }
sub made { return sql($keyed{$_[0]}{made}) }


# Somebody waits for a lock in this file's database.
sub is_held {
    return wait_until(sub {
        sql('SELECT count(*) FROM pg_locks l
               JOIN pg_database d ON d.oid = l.database
              WHERE NOT l.granted AND d.datname = current_database()') > 0
    });
}


# The same answer as the first, and marked.
sub is_replayed {
    my ($got, $first, $what) = @_;

    is join("\n", @$got{qw(code body)},
            $got->{headers}{'idempotent-replayed'} // '',
            $got->{headers}{'content-type'}),
        join("\n", @$first{qw(code body)}, 'true', 'application/json'),
        $what;
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: these are all that create
--- play
my $paths = decoded(call('GET /api/openapi.json'))->{paths};
my @keyed;

for my $path (sort keys %$paths) {
    for my $method (sort keys %{ $paths->{$path} }) {
        my $told = $paths->{$path}{$method};
        my $name = uc($method) . " $path";
        my $body = $told->{requestBody}{content}{'application/json'}{schema};
        my @bodies = @{ $body->{oneOf} // [] };

        next if !@bodies && !%{ $body->{properties} // {} }
                || !grep { $_ eq 'keyed' } @{ $told->{'x-flags'} };

        push @keyed, @bodies ? map {
            my $of = $_->{properties};
            "$name " . join '', grep { $of->{$_} }
                                qw(checkoutData product_id store_id);
        } @bodies : $name;
    }
}

is_deeply [sort @keyed], [sort keys %::keyed], 'each is tested here';


=== TEST 2: a repeated request gets the first answer, byte for byte
--- play
for my $name (sort keys %::keyed) {
    my $request = request($name);
    my $before = made($name);
    my $first = call($request->("replay $name"));

    is $first->{code}, 201, "$name: made";
    ok !exists $first->{headers}{'idempotent-replayed'}, "$name: not marked";
    is made($name), $before + 1, "$name: once";

    fill($name) if $::keyed{$name}{cart};
    is_replayed call($request->("replay $name")), $first, "$name: again, $_"
        for 1 .. 2;
    is made($name), $before + 1, "$name: nothing was made twice";
    is sql('SELECT count(*) FROM shop.cart_items'), 1,
        "$name: what is in the cart now is not touched"
        if $::keyed{$name}{cart};
}


=== TEST 3: the key with another payload is refused
--- play
for my $name (sort keys %::keyed) {
    my $request = request($name);
    my $first = call($request->("other $name"));
    my $made = made($name);

    fill($name) if $::keyed{$name}{cart};
    is_problem call($request->("other $name", more($name))), 422,
        'IDEMPOTENCY_KEY_REUSED', "$name: more members";

    my ($line, %how) = $request->("other $name");
    $how{json} =~ s/:/: /;
    is_problem call($line, %how), 422, 'IDEMPOTENCY_KEY_REUSED',
        "$name: other bytes";
    is made($name), $made, "$name: nothing was made";
    is_replayed call($request->("other $name")), $first,
        "$name: the first is kept";
}


=== TEST 4: while the first is running, the second is told to come back
--- play
for my $name (sort keys %::keyed) {
    my $request = request($name);
    my $before = made($name);
    my $held = hold('LOCK TABLE shop.idempotency_keys IN EXCLUSIVE MODE');
    my $first = start($request->("running $name"));

    ok is_held(), "$name: it is running";

    for ('', more($name)) {
        my $second = call($request->("running $name", $_));

        is_problem $second, 409, 'IDEMPOTENCY_IN_PROGRESS',
            "$name: not twice";
        is $second->{headers}{'retry-after'}, 1,
            "$name: come back in a second";
        ok decoded($second)->{canRetry}, "$name: it may be repeated";
    }

    release($held);

    my $got = finish($first);
    is $got->{code}, 201, "$name: the first is done";
    is_replayed call($request->("running $name")), $got, "$name: and told then";
    is made($name), $before + 1, "$name: once";
}


=== TEST 5: what was refused leaves the key free
--- play
for my $name (sort keys %::keyed) {
    my $request = request($name);
    my $before = made($name);
    my $what = $::keyed{$name};

    sql($what->{fail} // "UPDATE shop.products SET status = 'inactive'");

    my $got = call($request->("refused $name"));
    is $got->{code}, 409, "$name: refused";
    is made($name), $before, "$name: nothing was made";

    sql($what->{mend} // "UPDATE shop.products SET status = 'active'");

    $got = call($request->("refused $name", more($name)));
    is $got->{code}, 201, "$name: the key is good for any payload";
    ok !exists $got->{headers}{'idempotent-replayed'}, "$name: not marked";
    is made($name), $before + 1, "$name: made now";
}

my $request = request('POST /orders');
is_problem call($request->('invalid', ',"size":1')), 400, 'INVALID_INPUT',
    'what is refused here';
is call($request->('invalid'))->{code}, 201, 'leaves it free, too';


=== TEST 6: the keys of two users do not meet
--- play
for my $name (sort keys %::keyed) {
    my $before = made($name);
    my ($one, $two) = map { call(request($name, $_)->("mine $name")) }
                          qw(buyer buyer2);

    is "$one->{code} $two->{code}", '201 201', "$name: both are done";
    ok !exists $two->{headers}{'idempotent-replayed'}, "$name: not marked";
    isnt $two->{body}, $one->{body}, "$name: each its own";
}


=== TEST 7: nor do those of two routes
--- play
my @names = ('POST /cart-items', 'POST /api/place-order', 'POST /orders',
             'POST /orders/checkout');

for (@names) {
    my $got = call(request($_)->('shared'));

    is $got->{code}, 201, $_;
    ok !exists $got->{headers}{'idempotent-replayed'}, "$_: not marked";
}

is_problem call(request('POST /api/orders product_id')->('shared')), 422,
    'IDEMPOTENCY_KEY_REUSED', 'one route at its two paths has one';


=== TEST 8: the same request many times at once is done once
--- play
for my $name (sort keys %::keyed) {
    my $request = request($name);
    my $before = made($name);
    my @got = call_all(map { [$request->("at once $name")] } 1 .. 8);
    my @done = grep { $_->{code} == 201 } @got;
    my %bodies = map { $_->{body} => 1 } @done;

    is made($name), $before + 1, "$name: made once";
    is scalar keys %bodies, 1, "$name: one answer";
    is scalar(grep { !$_->{headers}{'idempotent-replayed'} } @done), 1,
        "$name: one is the first";
    is scalar(grep { $_->{code} != 201 && $_->{code} != 409 } @got), 0,
        "$name: the others come back";
}


=== TEST 9: a key has bounds
--- play
for my $name (sort keys %::keyed) {
    my $request = request($name);
    my $before = made($name);

    for (['x' x 256, 'too long'], ["\xff", 'not UTF-8'])
    {
        my $got = call($request->($_->[0]));

        is_problem $got, 400, 'INVALID_INPUT', "$name: $_->[1]";
        is decoded($got)->{errors}[0]{field}, 'Idempotency-Key',
            "$name: $_->[1], named";
    }

    is made($name), $before, "$name: nothing was made";

    my $key = substr $name . 'x' x 255, 0, 255;
    is call($request->($key))->{code}, 201, "$name: 255 will do";
}


=== TEST 10: a replay tells what was, and takes nobody back to it
--- play
my $request = request('POST /orders');
my $first = call($request->('past'));
my $id = decoded($first)->{id};

is call("PATCH /orders/$id/cancel", as => 'buyer')->{code}, 200, 'changed';
is_seen $id, 'buyer', 'cancelled', 2;
is_replayed call($request->('past')), $first, 'the first answer';
is_seen $id, 'buyer', 'cancelled', 2, 'and the polls as before';


=== TEST 11: after a day a key is free again
--- play
my $request = request('POST /orders');
my $first = call($request->('day'));

sql("UPDATE shop.idempotency_keys SET created_at = now() - interval '23 hours'
      WHERE key = 'day'");
is_replayed call($request->('day')), $first, 'not yet';
sql("UPDATE shop.idempotency_keys SET created_at = now() - interval '25 hours'
      WHERE key = 'day'");

my $second = call($request->('day', ',"notes":"Another"'));
is $second->{code}, 201, 'now';
isnt decoded($second)->{id}, decoded($first)->{id}, 'another order';
