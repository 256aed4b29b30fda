# Lists of orders below /api/orders: S4's buyer's and seller's lists, the
# caller's own by role, and the search.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;


# Places so many orders of a buyer in a store in psql: totals of 1, 2, 3, 1,
# 2, 3 ... and 0.00000001 each, every second one confirmed where it can be.
sub orders_of {
    my ($buyer, $store, $count, %how) = @_;
    my $method = $how{method} // 'card';
    my $ago = $how{ago} // '0 s';

    sql("INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                  total_amount, created_at)
         SELECT '" . user_id($buyer) . "', '" . store_id($store) . "',
                '$method', 1 + n % 3 + 0.00000001,
                now() - interval '$ago' - n / 2 * interval '1 s'
           FROM generate_series(1, $count) n");

    sql("UPDATE shop.orders SET status = 'confirmed'
          WHERE id IN (SELECT id FROM shop.orders
                        WHERE buyer_id = '" . user_id($buyer) . "'
                          AND status = 'pending'
                        ORDER BY id LIMIT $count / 2)") if $store == 3;
}


sub list {
    my ($path, $user) = @_;

    return decoded(call("GET $path", as => $user));
}


sub ids {
    return [map { $_->{id} } @{ shift->{orders} // [] }];
}


# The ids of a buyer's orders, as PostgreSQL sorts them.
sub sorted {
    my ($buyer, $order) = @_;

    return [split /\n/, sql("SELECT id FROM shop.orders
                              WHERE buyer_id = '" . user_id($buyer) . "'
                              ORDER BY $order")];
}


# An order of one product of store 03, with notes; its id.
sub noted {
    my ($buyer, $notes, %how) = @_;
    my $got = call('POST /api/place-order', as => $buyer, json =>
        '{"items":[{"product_id":"' . product_id($how{product} // 31)
        . '","quantity":' . ($how{quantity} // 1) . '}],"payment_method":"'
        . ($how{method} // 'card') . '","notes":"' . $notes . '"}');

    return decoded($got)->{order_id};
}


sub found {
    my ($args, $user) = @_;

    return ids(list("/api/orders/search?$args", $user));
}

new_user('lister');
new_user('walker');
new_user('pager');
new_user('finder');
new_user('courier', 'driver');
new_user('idle');
orders_of('lister', 3, 4);

our ($buyer, $seller) = map { "/api/orders/$_->[0]/" . user_id($_->[1]) }
                            (['buyer', 'lister'], ['seller', 'seller']);
our $search = '/api/orders/search?q=wireless';

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a buyer's list has S4's members
--- play
my $id = decoded(call('POST /api/place-order', as => 'buyer', json =>
    '{"items":[{"product_id":"' . product_id(52) . '","quantity":2}],'
    . '"payment_method":"cash"}'))->{order_id};
my $got = call('GET /api/orders/buyer/' . user_id('buyer') . '?limit=1',
               as => 'buyer');
my $list = decoded($got);
my $order = $list->{orders}[0];

is $got->{code}, 200, 'answered';
is_deeply [sort keys %$list], [qw(next_cursor orders pagination)], 'members';
is $order->{id}, $id, 'the newest first';
like $order->{orderNumber}, qr/^ORD-/, 'orderNumber';
is $order->{status}, 'order_confirmed', 'status';
like $got->{body}, qr/"totalAmount":62\.24691356,/, 'totalAmount, exactly';
is $order->{currency}, 'USDC', 'currency';
is_deeply $order->{seller}, { id => user_id('market'),
    name => 'Carol Market', storeName => 'Crypto Bazaar' }, 'seller';
is_deeply $order->{buyer}, { id => user_id('buyer'), name => 'John Doe',
    email => 'buyer@example.com' }, 'buyer';
like $order->{createdAt}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
    'createdAt';
like $order->{estimatedDelivery}, qr/^\d{4}-\d\d-\d\d$/, 'estimatedDelivery';
is $order->{trackingUrl}, "/orders/$id", 'trackingUrl';


=== TEST 2: a seller's list has the same, of all their stores and buyers
--- play
my $list = list("$::seller?limit=100", 'seller');

is_deeply ids($list), [split /\n/, sql("SELECT id FROM shop.orders
    WHERE seller_id = '" . user_id('seller') . "'
    ORDER BY created_at DESC, id DESC LIMIT 100")], 'all of them';
ok +(grep { $_->{buyer}{email} eq 'lister@example.com' }
         @{ $list->{orders} }), 'the buyer is named';

for (["$::seller?limit=3", 'seller', "seller_id = '" . user_id('seller') . "'"],
     ['/api/orders?limit=3&sortOrder=asc', 'admin', 'true'])
{
    my ($path, $user, $where) = @$_;
    my $order = $user eq 'admin' ? 'created_at, id'
                                 : 'created_at DESC, id DESC';

    is_deeply [map { $_->{id} } map { @$_ } pages($path, 'orders',
                                                  as => $user)],
        [split /\n/, sql("SELECT id FROM shop.orders WHERE $where
                          ORDER BY $order")], "$user: page by page";
}


=== TEST 3: page, limit, total and totalPages
--- play
orders_of('pager', 3, 45);

my $path = '/api/orders/buyer/' . user_id('pager');
my $all = sorted('pager', 'created_at DESC, id DESC');

is_deeply list($path, 'pager')->{pagination},
    { page => 1, limit => 20, total => 45, totalPages => 3 }, 'S4\'s figures';

for my $page (1 .. 3) {
    my $list = list("$path?page=$page&limit=20", 'pager');
    my $first = ($page - 1) * 20;
    my $last = $page < 3 ? $first + 19 : 44;

    is_deeply ids($list), [@$all[$first .. $last]], "page $page";
    is $list->{pagination}{page}, $page, "page $page: its number";
    is defined $list->{next_cursor}, $page < 3, "page $page: next_cursor";
}

my $got = call("GET $path?page=4", as => 'pager');
is_deeply decoded($got), { orders => [], next_cursor => undef, pagination =>
    { page => 4, limit => 20, total => 45, totalPages => 3 } },
    'beyond the end there is nothing';
ok !$got->{headers}{link}, 'and no Link';

is_deeply list("$path?limit=45", 'pager')->{pagination},
    { page => 1, limit => 45, total => 45, totalPages => 1 }, 'one full page';
is_deeply list("$path?limit=44", 'pager')->{pagination},
    { page => 1, limit => 44, total => 45, totalPages => 2 }, 'one more';

is_deeply list("$path?status=confirmed&limit=5", 'pager')->{pagination},
    { page => 1, limit => 5, total => 22, totalPages => 5 }, 'of a status';
is_deeply list("$path?status=shipped", 'pager')->{pagination},
    { page => 1, limit => 20, total => 0, totalPages => 0 }, 'of none';


=== TEST 4: sortBy and sortOrder, each with each, and with a status
--- play
my $path = '/api/orders/buyer/' . user_id('lister');
my %column = (createdAt => 'created_at', status => 'status, created_at',
              totalAmount => 'total_amount');

for my $by (sort keys %column) {
    for my $order (qw(asc desc)) {
        my $sorted = sorted('lister', join ', ', map { "$_ $order" }
                            split(/, /, $column{$by}), 'id');

        is_deeply ids(list("$path?sortBy=$by&sortOrder=$order", 'lister')),
            $sorted, "$by $order";

        my $list = list("$path?sortBy=$by&sortOrder=$order&status=pending",
                        'lister');
        my %pending = map { $_->{id} => 1 } @{ $list->{orders} };

        is_deeply ids($list), [grep { $pending{$_} } @$sorted],
            "$by $order: pending";
        is scalar(keys %pending), 2, "$by $order: two of them";
        is scalar(grep { $_->{status} ne 'pending' } @{ $list->{orders} }), 0,
            "$by $order: no others";
    }
}

is_deeply ids(list($path, 'lister')),
    sorted('lister', 'created_at DESC, id DESC'), 'the newest first';


=== TEST 5: cursors walk through all, without a gap or a repeat, while orders are placed
--- play
orders_of('walker', 3, 23);

my $path = '/api/orders/buyer/' . user_id('walker');

for my $by (qw(createdAt status totalAmount)) {
    for my $order (qw(asc desc)) {
        my %before = map { $_ => 1 } @{ sorted('walker', 'id') };
        my $next = "$path?limit=4&sortBy=$by&sortOrder=$order";
        my (@seen, @lists);

        while (defined $next && @lists < 100) {
            my $got = call("GET $next", as => 'walker');
            my $list = decoded($got);

            push @lists, $list;
            push @seen, @{ ids($list) };
            ($next) = ($got->{headers}{link} // '')
                      =~ /^<(\S+)>; rel="next"$/;

            is defined $next ? $next =~ /[?&]cursor=([^&]+)/ : undef,
                defined $list->{next_cursor} ? 1 : undef,
                "$by $order: Link goes with next_cursor";
            orders_of('walker', 3, 1) if @lists < 4;
        }

        my %seen;
        $seen{$_}++ for @seen;

        is_deeply [grep { $seen{$_} > 1 } sort keys %seen], [],
            "$by $order: none twice";
        is_deeply [grep { !$seen{$_} } sort keys %before], [],
            "$by $order: none left out";
        is_deeply [map { $_->{pagination}{page} } @lists],
            [1, (undef) x $#lists], "$by $order: a cursor has no page";
        is $lists[-1]{next_cursor}, undef, "$by $order: an end";
    }
}


=== TEST 6: a cursor comes before the page, and goes with all filters
--- play
my $path = '/api/orders/buyer/' . user_id('lister') . '?limit=1'
           . '&status=pending&sortOrder=asc';
my $first = call("GET $path", as => 'lister');
my $cursor = decoded($first)->{next_cursor};

like $first->{headers}{link}, qr/[?&]$_(?:&|>)/, "Link keeps $_"
    for qw(limit=1 status=pending sortOrder=asc);

my $second = list("$path&cursor=$cursor&page=9", 'lister');

is scalar @{ $second->{orders} }, 1, 'the second of two';
isnt $second->{orders}[0]{id}, decoded($first)->{orders}[0]{id}, 'another';
is $second->{pagination}{page}, undef, 'the page does not count';
is $second->{pagination}{total}, 2, 'the total stays';


=== TEST 7: what is asked for is checked
--- as: lister
--- request eval
[(map { "GET $::buyer?$_" } qw(page=0 page=101 page=x limit=0 limit=101
    sortBy=price sortOrder=up cursor=x status=nonsense more=1)),
 'GET /api/orders/buyer/me',
 "GET $::buyer?cursor=00000000-0000-7000-8000-00000000dead",
 "GET $::buyer?page=0&limit=x&sortBy=y"]
--- problem
400 INVALID_INPUT "field":"page"
400 INVALID_INPUT "field":"page"
400 INVALID_INPUT "field":"page"
400 INVALID_INPUT "field":"limit"
400 INVALID_INPUT "field":"limit"
400 INVALID_INPUT "field":"sortBy"
400 INVALID_INPUT "field":"sortOrder"
400 INVALID_INPUT "field":"cursor"
400 UNKNOWN_STATUS "field" : "status"
400 INVALID_INPUT "field":"more"
400 INVALID_INPUT "field":"buyerId"
400 INVALID_INPUT "field" : "cursor"
400 INVALID_INPUT "field":"page".*"field":"limit".*"field":"sortBy"


=== TEST 8: a list is for its owner and for an admin
--- as eval
[qw(lister admin buyer seller driver -), qw(seller admin buyer market lister driver -)]
--- request eval
[("GET $::buyer") x 6, ("GET $::seller") x 7]
--- problem
200
200
403 FORBIDDEN another user
403 FORBIDDEN another user
403 FORBIDDEN another user
401 UNAUTHORIZED
200
200
403 FORBIDDEN another user
403 FORBIDDEN another user
403 FORBIDDEN another user
403 FORBIDDEN another user
401 UNAUTHORIZED


=== TEST 9: who has bought or sold nothing has an empty list
--- play
for my $side (qw(buyer seller)) {
    is_deeply list("/api/orders/$side/" . user_id('idle'), 'idle'),
        { orders => [], next_cursor => undef, pagination =>
          { page => 1, limit => 20, total => 0, totalPages => 0 } }, $side;
}


=== TEST 10: the caller's own orders are those of the role
--- play
my $id = sql("INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                       total_amount)
              VALUES ('" . user_id('lister') . "', '" . store_id(4) . "',
                      'card', 9) RETURNING id");

order_set($id, 'preparing');

my $task = sql("SELECT id FROM shop.deliveries WHERE order_id = '$id'");

is call("PUT /api/driver/tasks/$task", as => 'courier',
        json => '{"action":"accept"}')->{code}, 200, 'a driver has one';

my %where = (lister => "buyer_id = '" . user_id('lister') . "'",
             manager => "seller_id = '" . user_id('manager') . "'",
             courier => "id = '$id'", driver2 => 'false', idle => 'false',
             admin => 'true');

for my $user (sort keys %where) {
    my @all = split /\n/, sql("SELECT id FROM shop.orders WHERE $where{$user}
                                ORDER BY created_at DESC, id DESC");

    is_deeply ids(list('/api/orders?limit=100', $user)),
        [@all[0 .. ($#all < 99 ? $#all : 99)]], "$user: /api/orders";
    is list('/api/orders', $user)->{pagination}{total}, scalar @all,
        "$user: the total";

    my $bare = decoded(call('GET /orders?limit=100', as => $user));

    is_deeply [map { $_->{id} } @$bare],
        [@all[0 .. ($#all < 99 ? $#all : 99)]], "$user: /orders";
}

my $got = call('GET /orders?limit=2&sortOrder=asc', as => 'lister');
my @some = @{ decoded($got) };

is_deeply [map { $_->{id} } @some],
    [@{ sorted('lister', 'created_at, id') }[0, 1]], 'the oldest first';
is $some[0]{user}{email}, 'lister@example.com', 'S1\'s shape, with user';
like $got->{headers}{link},
    qr{^</orders\?cursor=[^&]+&limit=2&sortOrder=asc>; rel="next"$},
    'and Link';


=== TEST 11: what a user ordered, for that user and for an admin
--- as eval
[qw(lister admin buyer seller -), qw(lister admin buyer seller -)]
--- request eval
my $path = 'orders/user/' . main::user_id('lister');
[("GET /api/$path") x 5, ("GET /$path") x 5]
--- problem
200
200
403 FORBIDDEN another user
403 FORBIDDEN another user
401 UNAUTHORIZED
200
200
403 FORBIDDEN another user
403 FORBIDDEN another user
401 UNAUTHORIZED


=== TEST 12: the search finds what an order says, its own and no other's
--- play
my $mine = noted('finder', 'leave it with Xylophone', product => 33);
my $other = noted('buyer2', 'Xylophone too', product => 33);
my $market = noted('finder', 'xylophone for the market', product => 51);
my $number = sql("SELECT order_number FROM shop.orders WHERE id = '$mine'");

is_deeply found('q=xylophone', 'finder'), [$market, $mine],
    'the newest first, in upper or lower case';
is_deeply found("q=$number", 'finder'), [$mine], 'by number';
is_deeply found('q=t-shirt', 'finder'), [$mine], 'by product';
is_deeply found('q=bazaar', 'finder'), [$market], 'by store';
is_deeply found('q=xylophone%20-bazaar', 'finder'), [$mine], 'and not';
is_deeply found('q=%22with%20xylophone%22', 'finder'), [$mine], 'a phrase';
is_deeply found('q=xylo', 'finder'), [], 'whole words';
is_deeply found('q=%20', 'finder'), [], 'no word';
is_deeply found('q=%27%3B%20drop%20table--', 'finder'), [], 'anything';

is_deeply found('q=xylophone', 'buyer2'), [$other], 'another customer';
is_deeply found('q=xylophone', 'seller'), [$other, $mine], 'their seller';
is_deeply found('q=xylophone', 'market'), [$market], 'the other seller';
is_deeply found('q=xylophone', 'admin'), [$market, $other, $mine], 'an admin';

for my $user (qw(buyer manager cart driver courier idle)) {
    is_deeply found('q=xylophone', $user), [], "$user: nothing";
    is_deeply found("q=$number", $user), [], "$user: not by number";
}

like call('GET /api/orders/search?q=xylophone', as => 'finder')->{body},
    qr/"orders":\[\{"id":"$market","orderNumber":"ORD-.*"totalAmount":79\.99,/,
    'as lists have them';


=== TEST 13: the search's filters
--- play
my $card = noted('finder', 'filtered', quantity => 1);
my $cash = noted('finder', 'filtered', quantity => 3, method => 'cash');

order_set($card, 'confirmed');
sql("UPDATE shop.orders SET created_at = '2026-01-15T12:00:00Z'
      WHERE id = '$card'");

for (['status=confirmed', $card], ['status=pending', $cash],
     ['status=shipped'], ['paymentMethod=cash', $cash],
     ['paymentMethod=card', $card], ['paymentMethod=fiat'],
     ['minAmount=100.00000001', $cash], ['maxAmount=100', $card],
     ['minAmount=100&maxAmount=300', $cash, $card],
     ['minAmount=300.01'], ['maxAmount=99.99'],
     ['from=2026-01-15T12:00:00Z&to=2026-01-15T12:00:01Z', $card],
     ['from=2026-01-15T12:00:01Z', $cash],
     ['to=2026-01-15T12:00:00Z'],
     ['from=2026-01-15T13:00:00%2B01:00&maxAmount=100', $card],
     ['status=confirmed&paymentMethod=cash'])
{
    my ($filter, @expected) = @$_;

    is_deeply found("q=filtered&$filter", 'finder'), \@expected, $filter;
}


=== TEST 14: the search goes on with its cursor
--- play
my @placed = reverse map { noted('finder', "cursor$_ walked") } 1 .. 5;
my ($next, @seen) = '/api/orders/search?q=walked&limit=2';

while (defined $next) {
    my $got = call("GET $next", as => 'finder');

    push @seen, @{ ids(decoded($got)) };
    cmp_ok scalar @{ ids(decoded($got)) }, '<=', 2, 'not more than the limit';
    ($next) = ($got->{headers}{link} // '') =~ /^<(\S+)>; rel="next"$/;
    like $next, qr/&q=walked&limit=2$/, 'Link keeps what was asked'
        if defined $next;
    last if @seen > 9;
}

is_deeply \@seen, \@placed, 'all of them';


=== TEST 15: what is searched for is checked
--- as: finder
--- request eval
['GET /api/orders/search', map { "GET /api/orders/search?$_" } 'q=',
 'q=' . 'x' x 201, 'q=a&from=yesterday', 'q=a&to=2026-13-01T00:00:00Z',
 'q=a&minAmount=-1', 'q=a&maxAmount=x', 'q=a&status=nonsense',
 'q=a&cursor=x', 'q=a&limit=101', 'q=a&sort=b', 'q=%ff']
--- problem
400 INVALID_INPUT "field":"q","message":"is required"
400 INVALID_INPUT "field":"q"
400 INVALID_INPUT "field":"q"
400 INVALID_INPUT "field":"from"
400 INVALID_INPUT "field":"to"
400 INVALID_INPUT "field":"minAmount"
400 INVALID_INPUT "field":"maxAmount"
400 UNKNOWN_STATUS
400 INVALID_INPUT "field":"cursor"
400 INVALID_INPUT "field":"limit"
400 INVALID_INPUT "field":"sort"
400 INVALID_INPUT "field":"q"


=== TEST 16: nobody lists or searches without a token
--- request eval
["GET /api/orders", "GET /orders", "GET $::search"]
--- problem
401 UNAUTHORIZED
401 UNAUTHORIZED
401 UNAUTHORIZED


=== TEST 17: another's cursor opens nothing
--- play
my $foreign = sql("SELECT id FROM shop.orders WHERE buyer_id = '"
                  . user_id('lister') . "' ORDER BY created_at LIMIT 1");

for my $path ('/api/orders?', '/api/orders/buyer/' . user_id('idle') . '?',
              '/api/orders/search?q=wireless&')
{
    is_deeply ids(list("${path}cursor=$foreign", 'idle')), [], $path;
}
