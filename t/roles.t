# Every route, asked by every role for what is its own, somebody else's and
# nobody's, and by who has no token: who may not is told so, and told nothing
# else, and nothing is changed.  The routes are those that
# GET /api/openapi.json tells of.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderApi;
use OrderStream;
use Test::Nginx::Socket;

my @roles = qw(customer manager driver admin system);

# of whom each role's own orders are; theirs are all of one store

our %caller = (customer => 'buyer', manager => 'manager', driver => 'driver',
              admin => 'admin', system => 'admin');

# what is in no answer to who has nothing to do with it

our @secrets = qw(secretstreet secrethall secretthing buyer2@example.com);

my $missing = '00000000-0000-7000-8000-00000000dead';
our (%own, %foreign);


# --- whose things there are


# An order of a buyer from a store, on its way with a driver, with whatever
# hangs on it.
sub prepare {
    my $secret_store = '00000000-0000-7000-8000-0000000002ff';
    my $secret_product = '00000000-0000-7000-8000-0000000003ff';

    sql("INSERT INTO shop.stores (id, name, manager_id, workflow)
         VALUES ('$secret_store', 'secrethall', '" . user_id('seller')
               . "', 'delivery');
         INSERT INTO shop.products (id, store_id, name, price, stock)
         VALUES ('$secret_product', '$secret_store', 'secretthing', 7, 1000);
         INSERT INTO shop.carts (user_id)
         SELECT id FROM shop.users ON CONFLICT DO NOTHING;
         CREATE FUNCTION public.order_of(p_buyer uuid, p_product uuid,
                                         p_street text, p_driver uuid)
         RETURNS text LANGUAGE plpgsql AS \$\$
         DECLARE
             v_id  uuid;
         BEGIN
             SELECT a.body::json ->> 'order_id' INTO v_id
               FROM api.place_order(p_buyer, 'customer', NULL, NULL,
                        jsonb_build_array(jsonb_build_object(
                            'product_id', p_product, 'quantity', 1)), 'cash',
                        jsonb_build_object('name', 'N', 'city', 'C',
                                           'street', p_street), NULL) a;
             PERFORM shop.act(NULL, 'system');

             IF p_driver IS NOT NULL THEN
                 UPDATE shop.orders SET status = 'preparing' WHERE id = v_id;
                 UPDATE shop.orders
                    SET status = 'out_for_delivery', driver_id = p_driver
                  WHERE id = v_id;
             END IF;

             RETURN (SELECT concat_ws('|', o.id, o.order_number,
                                      (SELECT id FROM shop.deliveries
                                        WHERE order_id = o.id))
                       FROM shop.orders o WHERE id = v_id);
         END \$\$");

    %foreign = things('buyer2', $secret_product, 'secretstreet', 'driver2',
                      $secret_store);
    %own = own('customer');
    push @secrets, $foreign{number}, $foreign{order};
}


sub things {
    my ($buyer, $product, $street, $driver, $store, $user) = @_;
    my %thing = (user => user_id($user // $buyer), store => $store);

    @thing{qw(order number task)} = split /\|/, sql(
        "SELECT public.order_of('" . user_id($buyer) . "', '$product',
                                '$street', '" . user_id($driver) . "')");
    ($thing{cart}, $thing{notification}) = split /\n/, sql(
        "WITH item AS (
            INSERT INTO shop.cart_items (cart_id, product_id, quantity)
            SELECT id, '$product', 1 FROM shop.carts
             WHERE user_id = '$thing{user}'
            ON CONFLICT ON CONSTRAINT cart_items_line DO UPDATE
               SET quantity = 1
            RETURNING id
         )
         SELECT id FROM item;
         INSERT INTO shop.notifications (user_id, order_id, type, title,
                                         message)
         VALUES ('$thing{user}', '$thing{order}', 'test', '$street',
                 '$street')
         RETURNING id");
    @thing{qw(endpoint sent)} = split /\n/, sql(
        "INSERT INTO shop.webhook_endpoints (store_id, url, events, secret)
         VALUES ('$store', 'https://hooks.example.com/$street',
                 '{order.deleted}', 'whsec_$street')
         RETURNING id;
         INSERT INTO shop.outbox (kind, event, endpoint_id, body)
         SELECT 'webhook', 'webhook.test', id, '{}'
           FROM shop.webhook_endpoints ORDER BY id DESC LIMIT 1
         RETURNING id");

    return %thing;
}


# What a role may call its own, made anew: an admin has the same as a customer.
sub own {
    return things('buyer', product_id(41), 'Main Street', 'driver',
                  store_id(4), $caller{ $_[0] });
}


# A sum over all that a refusal must not change.  What the module does by
# itself meanwhile is left out, or summed up.
sub state_of {
    our $state //= join " || ' ' || ", "(
        SELECT coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '')
          FROM (SELECT owner, side, status, currency, sum(orders), sum(amount)
                  FROM shop.order_tallies GROUP BY 1, 2, 3, 4
                HAVING sum(orders) <> 0 OR sum(amount) <> 0) t)",
        map { "(SELECT coalesce(md5(string_agg(t::text, E'\\n'
                                               ORDER BY t::text)), '')
                  FROM shop.$_ t)" }
        split /\n/, sql("SELECT relname FROM pg_class
                          WHERE relnamespace = 'shop'::regnamespace
                            AND relkind IN ('r', 'p') AND NOT relispartition
                            AND relname NOT IN ('order_tallies',
                                'order_search', 'loaded', 'metric_totals',
                                'metric_mark')
                          ORDER BY relname");

    return sql("SELECT md5($state)");
}


# --- what a route asks for


# The replacement that names the object, and the kind of object; none if the
# route has none that is anybody's.
sub object {
    my $operation = shift;
    my ($path) = map { $_->{name} } parameters($operation, 'path');
    my %body = map { $_->{name} => 1 } body_fields($operation);

    return if !@{ $operation->{roles} };

    if (defined $path) {
        return ("path $path", 'order') if $path eq 'order_id';
        return ("path $path", 'user')
            if $path =~ /^(?:user_id|buyerId|sellerId)$/;
        return ("path $path", 'cart')
            if $operation->{path} =~ m{/cart-items/};
        return ("path $path", 'task')
            if $operation->{path} =~ m{/driver/tasks/};
        return ("path $path", 'notification')
            if $operation->{path} =~ m{/notifications/};
        return ("path $path", 'endpoint')
            if $operation->{path} =~ m{/webhook-endpoints/};
        return ("path $path", 'sent')
            if $operation->{path} =~ m{/webhook-deliveries/};

        die "$operation->{name}: whose is $path?\n";
    }

    return ('order_id', 'order') if $body{order_id};
    return ('user_id', 'user') if $body{user_id};
    return ('store_id', 'store')
        if $operation->{path} eq '/api/webhook-endpoints' && $body{store_id};
    return ('checkoutData.buyerId', 'user') if $body{'checkoutData.buyerId'};
    return ('query store', 'store') if grep { $_->{name} eq 'store' }
                                            parameters($operation, 'query');

    return;
}


# A request with no more than it needs: the fields that are required, a status
# that every workflow knows, a product that there is, and that object.
sub minimal {
    my ($operation, $key, $id) = @_;
    my %set;

    for (body_fields($operation)) {
        my ($name, $short) = @$_{qw(name short)};

        $set{$name} = undef if !$_->{required};
        $set{$name} = '"cancelled"'
            if $short =~ /status$/ && !$_->{schema}{enum};
        $set{$name} = '"' . product_id(41) . '"'
            if $short =~ /^(?:product_id|listingId)$/;
        $set{$name} = '"' . store_id(4) . '"' if $short eq 'store_id';
    }

    $set{'checkoutData.listingId'} = '"' . product_id(41) . '"';
    $set{"query $_->{name}"} = $_->{required} ? $secrets[2] : undef
        for parameters($operation, 'query');

    return \%set if !defined $key;

    $set{$key} = $key =~ / / ? $id : qq("$id");
    return \%set;
}


# What a caller is answered who asks for an object of that kind that is
# "foreign" or "missing", by the documents; undef if it may have it.
sub expected {
    my ($operation, $role, $kind, $whose) = @_;
    my ($path, $name) = @$operation{qw(path name)};
    my $any = $role =~ /^(?:admin|system)$/;

    return '403 FORBIDDEN' if !grep { $_ eq $role } @{ $operation->{roles} };

    # S0 has its own

    return '409 ALREADY_TAKEN' if $name eq 'PUT /api/driver/tasks/{id}';
    return '403 FORBIDDEN'
        if $path =~ m{^/api/(?:driver/tasks/.*/status|manager/orders/)};

    # one's own are all that there are

    return $whose eq 'missing' ? '404 NOT_FOUND' : '403 FORBIDDEN'
        if $kind eq 'notification';

    return $any ? undef : '403 FORBIDDEN' if $kind eq 'user';
    return '404 NOT_FOUND' if $whose eq 'missing';
    return $any ? undef : '403 FORBIDDEN';
}


# --- what is wrong with an answer


sub fault {
    my ($got, $what, $must) = @_;
    my $is = said($got);
    my @wrong = $is eq $must ? () : "$what: $is, not $must";

    return (@wrong, leak($got, $what));
}


# The status, and the code of a problem.
sub said {
    my $got = shift;
    my $body = $got->{code} < 400 ? {} : decoded($got);

    return join ' ', $got->{code}, $body->{code} // ();
}


# What is given away, headers and all; but for an id that the caller named.
sub leak {
    my ($got, $what) = @_;
    my $text = lc "$got->{raw} $got->{body}";
    my @told = grep { index($text, lc $_) >= 0 } @secrets;

    return @told ? "$what: tells of @told: $got->{body}" : ();
}


# All requests that are to be refused, of one route.
sub refused {
    my $operation = shift;
    my ($key, $kind) = object($operation);
    my $foreign = defined $key ? $foreign{$kind} : undef;
    my @wrong;

    my $try = sub {
        my ($id, %how) = @_;
        return ask($operation, minimal($operation, $key, $id), %how);
    };

    push @wrong, fault($try->($foreign), 'no token', '401 UNAUTHORIZED'),
        map { fault($try->($foreign, headers => "Authorization: $_\n"),
                    "token $_", $_ =~ /^Bearer \S/ ? '401 INVALID_TOKEN'
                                                   : '401 UNAUTHORIZED') }
            'Bearer x', 'Bearer a.b.c', 'Basic YTpi', 'Bearer';
    push @wrong, fault($try->($foreign, headers =>
        bearer('customer') =~ s/\.[\w-]+(?=\n)/.AAAA/r), 'another signature',
        '401 INVALID_TOKEN');
    push @wrong, fault($try->($foreign, headers => bearer('root', $own{user})),
                       'an unknown role', '401 INVALID_TOKEN');

    for my $role (@roles) {
        my @how = (headers => bearer($role, user_id($caller{$role})));
        my $may = grep { $_ eq $role } @{ $operation->{roles} };

        if (!defined $key) {
            push @wrong, fault($try->(undef, @how), $role, '403 FORBIDDEN')
                if !$may;
            next;
        }

        push @wrong, fault($try->($own{$kind}, @how), "$role, own",
                           '403 FORBIDDEN') if !$may;

        for (['foreign', $foreign], ['missing', $missing]) {
            my ($whose, $id) = @$_;
            my $must = expected($operation, $role, $kind, $whose);

            push @wrong, fault($try->($id, @how), "$role, $whose", $must)
                if defined $must;
        }

        # by its number, too

        push @wrong, fault($try->($foreign{number}, @how), "$role, by number",
                           expected($operation, $role, $kind, 'foreign'))
            if $kind eq 'order'
               && expected($operation, $role, $kind, 'foreign');
    }

    return @wrong;
}


sub is_fine {
    my ($operation, $what, @wrong) = @_;

    splice @wrong, 10, @wrong - 10, '...' if @wrong > 10;
    is_deeply(\@wrong, [], "$operation->{name}: $what");
}


# What a stream tells, up to what it tells of that order.
sub heard {
    my ($stream, $id) = @_;
    my @texts;

    for ( ;; ) {
        my $event = $stream->next;

        push @texts, $event->{text};
        return join "\n", @texts
            if index($event->{text}, $id) >= 0
               || $event->{event} =~ /^(?:closed|nothing)$/;
    }
}


# Routes that ask who is calling.
sub guarded {
    return grep { @{ $_->{roles} } } operations();
}

log_level('info');
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: who may not is refused, told nothing, and changes nothing
--- play
prepare();

for (guarded()) {
    my $before = state_of();

    is_fine $_, 'refusals', refused($_);
    is state_of(), $before, "$_->{name}: nothing is changed";
}


=== TEST 2: what is one's own is not refused
--- play
for my $operation (guarded()) {
    my ($key, $kind) = object($operation);
    my @wrong;

    next if !defined $key;

    for my $role (@{ $operation->{roles} }) {
        my %mine = own($role);
        my $got = ask($operation, minimal($operation, $key, $mine{$kind}),
                      headers => bearer($role, user_id($::caller{$role})));

        # sellers only, in S2; a notification is its user's

        my $must = $operation->{path} =~ m{^/seller/}
                   && $role =~ /^(?:customer|driver)$/ ? qr/^403/
                                                       : qr/^(?:2|400|409)/;

        push @wrong, "$role: " . said($got) if said($got) !~ $must;
        push @wrong, leak($got, $role);
    }

    is_fine $operation, 'own', @wrong;
}


=== TEST 3: a list has nothing of others in it
--- play
for my $operation (grep { $_->{method} eq 'GET' && !object($_) } guarded()) {
    my @wrong;

    for my $role (grep { /customer|manager|driver/ } @{ $operation->{roles} })
    {
        my $got = ask($operation, minimal($operation),
                      headers => bearer($role, user_id($::caller{$role})));

        push @wrong, "$role: $got->{code}"
            if $got->{code} != ($operation->{stream} eq 'ws' ? 101 : 200);
        push @wrong, leak($got, $role);
    }

    is_fine $operation, 'lists', @wrong;
}


=== TEST 4: nor would any of it go unnoticed
--- play
my ($get) = grep { $_->{name} eq 'GET /api/orders/{order_id}' } guarded();
my ($move) = grep { $_->{name} eq 'PATCH /api/orders/{order_id}' } guarded();
my $before = state_of();
my @admin = (headers => bearer('admin'));
my $got = ask($get, { 'path order_id' => $::foreign{order} }, @admin);

like join('', leak($got, '')), qr/tells of \Q$_\E/, "an admin is told of it"
    for join ' ', our @secrets;
is state_of(), $before, 'who reads changes nothing';
is ask($move, minimal($move, 'path order_id', $::own{order}), @admin)->{code},
    409, 'a refused change';
is state_of(), $before, 'changes nothing';
is ask($move, { %{ minimal($move, 'path order_id', $::own{order}) },
                status => '"delivered"' }, @admin)->{code}, 200, 'a change';
isnt state_of(), $before, 'changes something';


=== TEST 5: an id in a path or a body is the token's, or the caller an admin
--- play
for my $operation (grep { ((object($_))[1] // '') eq 'user' } guarded()) {
    my ($key) = object($operation);
    my @wrong;

    for my $role (@{ $operation->{roles} }) {
        my @how = (headers => bearer($role, user_id($::caller{$role})));
        my $got = ask($operation, minimal($operation, $key, $::foreign{user}),
                      @how);

        push @wrong, "$role: $got->{code} $got->{body}"
            if ($got->{code} == 403) != ($role !~ /^(?:admin|system)$/);
    }

    is_fine $operation, 'of another user', @wrong;
}


=== TEST 6: a change by cookie must come from the same origin, a WebSocket too
--- play
my $changes = 0;

for my $operation (grep { $_->{method} ne 'GET' || $_->{stream} eq 'ws' }
                        guarded())
{
    my ($key, $kind) = object($operation);
    my ($role) = @{ $operation->{roles} };
    my ($token) = bearer($role, user_id($::caller{$role})) =~ /(\S+)\n/;
    my $before = state_of();
    my @wrong;

    for my $origin ('', "Origin: http://evil.example\n", "Origin: null\n",
                    "Sec-Fetch-Site: cross-site\n",
                    "Sec-Fetch-Site: same-site\nOrigin: http://localhost\n")
    {
        push @wrong, fault(ask($operation, minimal($operation, $key,
                               defined $key ? $::own{$kind} : undef),
                               headers => "Cookie: order_token=$token\n"
                                          . $origin),
                           $origin, '403 CROSS_ORIGIN');
    }

    is_fine $operation, 'from elsewhere', @wrong;
    is state_of(), $before, "$operation->{name}: nothing is changed";
    $changes++;
}

ok $changes > 20, "$changes routes that change something";


=== TEST 7: buyer, seller and store_manager are other names of roles
--- play
my @routes = guarded();
my $as = sub {
    my ($id, $role) = @_;
    my ($route) = grep { $_->{id} eq $id } @routes;
    return ask($route, minimal($route), headers =>
               bearer($role, user_id($role eq 'buyer' ? 'buyer' : 'manager')));
};

is $as->('list_cart_items', 'buyer')->{code}, 200, 'buyer: a cart';
is_problem $as->('list_manager_orders', 'buyer'), 403, 'FORBIDDEN',
    'buyer: no store';

for (qw(seller store_manager)) {
    is $as->('list_manager_orders', $_)->{code}, 200, "$_: a store";
    is_problem $as->('list_cart_items', $_), 403, 'FORBIDDEN', "$_: no cart";
}


=== TEST 8: a webhook without a signature is nobody's
--- play
my $before = state_of();

for my $operation (grep { $_->{flags}{signed} } operations()) {
    my %bare = (%$operation, flags => {});

    for ('', bearer('system'), bearer('admin'), "webhook-id: x\n"
         . 'webhook-timestamp: ' . time . "\nwebhook-signature: v1,AAAA\n")
    {
        is_fine $operation, "headers $_", fault(
            ask(\%bare, minimal($operation, 'orderId', $::foreign{order}),
                headers => $_), '', '401 INVALID_SIGNATURE');
    }
}

is state_of(), $before, 'nothing is changed';


=== TEST 9: a stream has nothing of others in it
--- play
my $streams = 0;

for my $operation (grep { $_->{stream} && !object($_) } guarded()) {
    my @wrong;

    for my $role (@{ $operation->{roles} }) {
        my %mine = own($role);
        my $stream = OrderStream->can($operation->{stream})->(
            $operation->{path},
            headers => bearer($role, user_id($::caller{$role})));

        push @wrong, "$role: not ready: $stream->{code} $stream->{body}"
            if $stream->told ne 'ready';

        touch($::foreign{order});
        touch($mine{order});

        my $text = heard($stream, $mine{order});
        my @told = leak({ raw => $stream->{raw}, body => $text }, $role);

        push @wrong, "$role: is not told of its own: $text"
            if index($text, $mine{order}) < 0;
        push @wrong, $role =~ /^(?:admin|system)$/
                     ? (@told ? () : "$role: is not told of all: $text")
                     : @told;
    }

    is_fine $operation, 'who is told of what', @wrong;
    $streams++;
}

is $streams, 2, 'one for each protocol';


=== TEST 10: one who has nothing to do with an order any more is not told of it
--- play
my %mine = own('driver');
my @streams = map {
    my ($kind, $path) = @$_;
    OrderStream->can($kind)->($path, headers =>
                              bearer('driver', user_id('driver')))
} ['sse', '/api/events'], ['ws', '/ws'],
  ['sse', "/api/orders/$mine{order}/events"];

is $streams[0]->told, 'ready', 'events';
is $streams[1]->told, 'ready', 'a WebSocket';
like $streams[2]->told, qr/^snapshot \d+ out_for_delivery$/, 'one order';

sql("UPDATE shop.orders SET driver_id = '" . user_id('driver2')
    . "' WHERE id = '$mine{order}'");
touch($mine{order});

is $streams[2]->told, 'end forbidden', 'the end of that stream';

my %other = own('driver');

for (@streams[0, 1]) {
    my $text = heard($_, $other{order});

    unlike $text, qr/$mine{order}/, "$_->{kind}: nothing of it";
    like $text, qr/$other{order}/, "$_->{kind}: but of the next one";
}
