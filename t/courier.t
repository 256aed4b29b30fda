# S0: a customer orders from the cart, the store's manager prepares, a driver
# delivers.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $nobody = '00000000-0000-7000-8000-00000000dead';


sub place {
    my (%how) = @_;
    my $store = delete $how{store} // 4;

    return call('POST /api/orders', as => 'buyer', json => '{"store_id":"'
                . store_id($store) . '","payment_method":"Credit Card"}',
                %how);
}


# An order of the manager's store, moved on to that status; its id.
sub ordered {
    my ($status) = @_;
    my $id = order_id('courier ' . our $orders++, product => 41);

    manage($id, 'preparing') if $status ne 'pending';
    accept_task(task_of($id)) if $status eq 'out_for_delivery';

    return $id;
}


sub manage {
    my ($id, $status, %how) = @_;

    return call("PUT /api/manager/orders/$id", as => 'manager',
                json => qq({"status":"$status"}), %how);
}


sub accept_task {
    my ($task, %how) = @_;

    return call("PUT /api/driver/tasks/$task", as => 'driver',
                json => '{"action":"accept"}', %how);
}


sub reject_task {
    return accept_task(@_, json => '{"action":"reject"}');
}


sub progress {
    my ($task, $status, %how) = @_;

    return call("PUT /api/driver/tasks/$task/status", as => 'driver',
                json => qq({"status":"$status"}), %how);
}


sub task_of {
    return sql("SELECT id FROM shop.deliveries WHERE order_id = '$_[0]'");
}


# Where an order and its task stand: both, and whose they are.
sub stand {
    return sql("SELECT o.status, coalesce(u.first_name, '-'),
                       d.delivery_status, coalesce(v.first_name, '-'),
                       d.delivery_time IS NOT NULL
                  FROM shop.orders o
                  LEFT JOIN shop.users u ON u.id = o.driver_id
                  LEFT JOIN shop.deliveries d ON d.order_id = o.id
                  LEFT JOIN shop.users v ON v.id = d.driver_id
                 WHERE o.id = '$_[0]'");
}


# The orders of the open tasks that a driver is shown.
sub requests {
    return { map { $_->{order_id} => $_ }
             map { @$_ } pages('/api/driver/requests?limit=100', undef,
                               as => shift) };
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the entire lifecycle, as it stands in the document
--- play
# Phase 1: the customer places an order

sql('DELETE FROM shop.cart_items');
fill_cart('buyer', '41 x 2', '43');

my $got = place();
my $order = decoded($got);
my $id = $order->{orderId};

is $got->{code}, 201, 'placed';
like $id, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'orderId';
like $order->{orderNumber}, qr/^ORD-\d{4}-\d{6,}$/, 'orderNumber';
is_deeply $order, { message => 'Order placed successfully!', orderId => $id,
    orderNumber => $order->{orderNumber}, status => 'pending',
    version => 1 }, 'the answer';
is sql("SELECT status, payment_status, payment_method, total_amount,
               buyer_id, store_id
          FROM shop.orders WHERE id = '$id'"),
    'pending|paid|Credit Card|23.20000000|' . user_id('buyer') . '|'
    . store_id(4), 'orders';
is sql("SELECT string_agg(concat_ws(' ', product_name, quantity,
                                    unit_price), ', ' ORDER BY line)
          FROM shop.order_items WHERE order_id = '$id'"),
    'Margherita 2 9.50000000, Lemonade 1 4.20000000', 'order_items';
is call('GET /cart-items', as => 'buyer')->{body}, '[]', 'cart_items';
is_seen $id, 'buyer', 'pending', 1;

# Phase 2: the store manager processes it

my ($listed) = grep { $_->{id} eq $id }
    @{ decoded(call('GET /api/manager/orders?status=pending',
                    as => 'manager')) };

is $listed->{status}, 'pending', 'the manager sees it';
is $listed->{delivery}, undef, 'nobody is to deliver it yet';

$got = manage($id, 'preparing');
my $task = task_of($id);

is $got->{code}, 200, 'accepted';
is_deeply decoded($got), { message => "Order $id status updated to "
    . 'preparing. Delivery task created.', order_id => $id,
    order_number => $order->{orderNumber}, status => 'preparing',
    version => 2, delivery_id => $task }, 'the answer';
is stand($id), 'preparing|-|assigned|-|f', 'deliveries';
is_seen $id, 'buyer', 'preparing', 2;

# Phase 3A: a driver accepts

my $request = requests('driver')->{$id};

is_deeply $request, { id => $task, order_id => $id,
    order_number => $order->{orderNumber}, order_status => 'preparing',
    delivery_status => 'assigned', delivery_time => undef,
    store => { id => store_id(4), name => 'Corner Kitchen' },
    shipping_address => undef,
    items => [{ product_name => 'Margherita', quantity => 2 },
              { product_name => 'Lemonade', quantity => 1 }],
    map { $_ => $request->{$_} } qw(created_at updated_at) }, 'the request';

$got = accept_task($task);

is $got->{code}, 200, 'the driver accepts';
is_deeply decoded($got), { message => 'Delivery accepted. Order is now out '
    . 'for delivery.', id => $task, order_id => $id,
    delivery_status => 'in_transit', order_status => 'out_for_delivery' },
    'the answer';
is stand($id), 'out_for_delivery|Erin|in_transit|Erin|f', 'both moved';
is_seen $id, $_, 'out_for_delivery', 3, "$_: all polls" for qw(buyer driver);

# Phase 3B: the driver delivers

$got = progress($task, 'delivered');

is $got->{code}, 200, 'delivered';
is_deeply decoded($got), { message => 'Order has been successfully '
    . 'delivered!', id => $task, order_id => $id,
    delivery_status => 'delivered', order_status => 'delivered' },
    'the answer';
is stand($id), 'delivered|Erin|delivered|Erin|t', 'both are over';
is_seen $id, 'buyer', 'delivered', 4;
is sql("SELECT string_agg(concat_ws(' ', h.new_status, u.first_name), ', '
                          ORDER BY h.created_at)
          FROM shop.order_status_history h
          LEFT JOIN shop.users u ON u.id = h.changed_by
         WHERE h.order_id = '$id'"),
    'pending John, preparing Bob, out_for_delivery Erin, delivered Erin',
    'who did it';


=== TEST 2: it is paid where a customer's word is believed, else pending
--- play
sql('DELETE FROM shop.cart_items');

for (['true', 'paid'], ['false', 'pending']) {
    my ($trust, $status) = @$_;

    sql("UPDATE shop.settings SET trust_payment = $trust");
    fill_cart('buyer', 42);

    my $id = decoded(place())->{orderId};

    is sql("SELECT payment_status, status FROM shop.orders
             WHERE id = '$id'"), "$status|pending", "trust_payment $trust";
}

sql('UPDATE shop.settings SET trust_payment = true');


=== TEST 3: an order that cannot be placed leaves everything as it was
--- play
sql('DELETE FROM shop.cart_items');
sql("UPDATE shop.products SET stock = 2, status = 'active'
      WHERE id = '" . product_id(43) . "'");

my $before = sql('SELECT count(*), (SELECT sum(stock) FROM shop.products)
                    FROM shop.orders');
my $lines = sub {
    return sql('SELECT count(*) FROM shop.cart_items');
};

my $got = place();
is_problem $got, 400, 'CART_EMPTY', 'an empty cart';
is decoded($got)->{message}, 'Cart is empty', 'the words of the document';

fill_cart('buyer', '41');
$got = place(store => 3);
is_problem $got, 400, 'SEVERAL_STORES', 'of another store';
is decoded($got)->{message}, 'All cart items must be from the same store.',
    'the words of the document';
fill_cart('buyer', '31');
is_problem place(store => $_), 400, 'SEVERAL_STORES', "two stores, $_"
    for 3, 4;
is $lines->(), 2, 'the cart is kept';

sql('DELETE FROM shop.cart_items');
fill_cart('buyer', '43 x 3');
is_problem place(), 409, 'INSUFFICIENT_INVENTORY', 'more than there is';
sql("UPDATE shop.products SET status = 'inactive' WHERE id = '"
    . product_id(43) . "'");
is_problem place(), 409, 'LISTING_UNAVAILABLE', 'not sold any more';
sql("UPDATE shop.products SET status = 'active' WHERE id = '"
    . product_id(43) . "'");

my $store = store_id(4);

for (['{"payment_method":"card"}', 'none of the three bodies'],
     [qq({"store_id":"$store"}), 'no payment_method'],
     ['{"store_id":12,"payment_method":"card"}', 'no UUID'],
     [qq({"store_id":"$store","payment_method":"") . 'x' x 51 . '"}', 'long'],
     [qq({"store_id":"$store","payment_method":"card","product_id":"$store",
          "quantity":1}), 'two bodies'])
{
    is_problem place(json => $_->[0]), 400, 'INVALID_INPUT', $_->[1];
}

is_problem place(as => $_), 403, 'FORBIDDEN', $_
    for qw(manager driver admin);
is_problem place(as => undef), 401, 'UNAUTHORIZED', 'nobody';
is sql('SELECT count(*), (SELECT sum(stock) FROM shop.products)
          FROM shop.orders'), $before, 'nothing was made or taken';
is $lines->(), 1, 'the cart is kept';
sql("UPDATE shop.products SET stock = 1000 WHERE id = '"
    . product_id(43) . "'");


=== TEST 4: a manager's list has the orders of that manager, page by page
--- play
ordered('pending') for 1 .. 3;
my $preparing = ordered('preparing');
order_id('of another store');

my $all = sub {
    return sql("SELECT string_agg(id::text, ' '
                                  ORDER BY created_at DESC, id DESC)
                  FROM shop.orders WHERE seller_id = '" . user_id('manager')
               . "'" . (shift // ''));
};
my $ids = sub { join ' ', map { map { $_->{id} } @$_ } @_ };
my @pages = pages('/api/manager/orders?limit=2', undef, as => 'manager');

is $ids->(@pages), $all->(), 'all of them, the newest first';
is scalar(grep { @$_ != 2 } @pages[0 .. $#pages - 1]), 0, 'two a page';

my ($first) = grep { $_->{id} eq $preparing } map { @$_ } @pages;

is_deeply $first->{delivery}, { id => task_of($preparing),
    driver_id => undef, delivery_status => 'assigned',
    delivery_time => undef }, 'with its task';
is_deeply [@$first{qw(user_id product_id quantity)}],
    [user_id('buyer'), product_id(41), 1], 'as S1 has an order';

is $ids->(pages('/api/manager/orders?status=pending&limit=2', undef,
                as => 'manager')),
    $all->(" AND status = 'pending'"), 'of one status';
like call('GET /api/manager/orders?status=pending&limit=1',
          as => 'manager')->{headers}{link},
    qr{^</api/manager/orders\?cursor=[0-9a-f-]{36}&status=pending&limit=1>},
    'the filter stays';
is call('GET /api/manager/orders?status=shipped', as => 'manager')->{body},
    '[]', 'a status that none has';
is_problem call('GET /api/manager/orders?status=nonsense',
                as => 'manager'), 400, 'UNKNOWN_STATUS', 'no status';
is_problem call("GET /api/manager/orders?$_", as => 'manager'),
    400, 'INVALID_INPUT', $_ for 'cursor=x', 'limit=0', 'page=1';
unlike $ids->(pages('/api/manager/orders?limit=100', undef,
                    as => 'seller')), qr/$preparing/, "not another's";
is_problem call('GET /api/manager/orders', as => $_), 403, 'FORBIDDEN', $_
    for qw(buyer driver admin);
is_problem call('GET /api/manager/orders'), 401, 'UNAUTHORIZED', 'nobody';


=== TEST 5: preparing opens one task, once
--- play
my $id = ordered('pending');
my @got = call_all(map { ["PUT /api/manager/orders/$id", as => 'manager',
                          json => '{"status":"preparing"}'] } 1 .. 6);

is scalar(grep { $_->{code} == 200 } @got), 1, 'one change';
is scalar(grep { $_->{code} == 409 } @got), 5, 'the others are told';
is sql("SELECT count(*) FROM shop.deliveries WHERE order_id = '$id'"), 1,
    'one task';
is_seen $id, 'buyer', 'preparing', 2;

my $got = manage(ordered('pending'), 'cancelled');
is $got->{code}, 200, 'cancelled instead';
like decoded($got)->{message},
    qr/^Order \S+ status updated to cancelled\.$/, 'no task is spoken of';
is decoded($got)->{delivery_id}, undef, 'and there is none';

my $other = order_id('no driver needed');
$got = manage($other, 'confirmed', as => 'seller');
is decoded($got)->{message}, "Order $other status updated to confirmed.",
    'nor in a workflow without drivers';


=== TEST 6: an order that is unknown or of another store is forbidden
--- play
my $id = ordered('pending');
my $message = 'Forbidden: You cannot manage this order.';

for (['unknown', manage($::nobody, 'preparing')],
     ['an unknown number', manage('ORD-2026-999999', 'preparing')],
     ['foreign', manage($id, 'preparing', as => 'seller')])
{
    is_problem $_->[1], 403, 'FORBIDDEN', $_->[0];
    is decoded($_->[1])->{message}, $message, "$_->[0]: the document's words";
}

is_problem manage($id, 'nonsense'), 400, 'UNKNOWN_STATUS', 'no status';
is_problem manage($id, 'preparing', json => '{}'), 400, 'INVALID_INPUT',
    'no status at all';
is_problem manage('x', 'preparing'), 400, 'INVALID_INPUT', 'no id';
is_problem manage($id, 'preparing', as => $_), 403, 'FORBIDDEN', $_
    for qw(buyer driver admin);
is_problem manage($id, 'preparing', as => undef), 401, 'UNAUTHORIZED',
    'nobody';

my $got = manage($id, 'out_for_delivery');
is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', "a driver's step";
is_deeply decoded($got)->{allowed_transitions}, [qw(preparing cancelled)],
    'the steps there are';
is_seen $id, 'buyer', 'pending', 1, 'nothing was changed';


=== TEST 7: a task that a driver rejects is hidden from that driver only
--- play
my $id = ordered('preparing');
my $task = task_of($id);
my $got = reject_task($task);

is $got->{code}, 200, 'rejected';
is_deeply decoded($got), { message => 'Delivery rejected.', id => $task,
    order_id => $id, delivery_status => 'assigned',
    order_status => 'preparing' }, 'the answer';
is reject_task($task)->{code}, 200, 'again';
ok !requests('driver')->{$id}, 'not shown any more';
ok requests('driver2')->{$id}, 'but to the other';
is_seen $id, 'buyer', 'preparing', 2, 'nothing was changed';

is accept_task($task, as => 'driver2')->{code}, 200, 'who accepts';
ok !requests($_)->{$id}, "$_: gone" for qw(driver driver2);

for (qw(driver driver2)) {
    $got = reject_task($task, as => $_);
    is_problem $got, 409, 'ALREADY_TAKEN', "$_: too late to reject";
    is decoded($got)->{message}, 'Delivery was already taken or does not '
        . 'exist.', "the document's words";
}

is_problem accept_task($task, json => $_), 400, 'INVALID_INPUT', $_
    for '{}', '{"action":"take"}', '{"action":null}';
is_problem accept_task('x'), 400, 'INVALID_INPUT', 'no id';


=== TEST 8: two drivers at once: one wins, the other is told
--- play
for my $round (1 .. 15) {
    my $id = ordered('preparing');
    my $task = task_of($id);
    my @drivers = (qw(driver driver2)) x 2;
    my @got = call_all(map { ["PUT /api/driver/tasks/$task", as => $_,
                              json => '{"action":"accept"}'] } @drivers);
    my @won = grep { $got[$_]{code} == 200 } 0 .. $#got;
    my @lost = grep { $got[$_]{code} == 409 } 0 .. $#got;

    is scalar @won, 1, "$round: one wins";
    is_problem $got[$_], 409, 'ALREADY_TAKEN', "$round: taken" for @lost;
    is scalar @lost, 3, "$round: nothing else";

    my $name = $drivers[$won[0] // 0] eq 'driver' ? 'Erin' : 'Frank';

    is stand($id), "out_for_delivery|$name|in_transit|$name|f",
        "$round: order and task agree";
    is_seen $id, 'buyer', 'out_for_delivery', 3, "$round: all polls";
}

is_problem accept_task($::nobody), 409, 'ALREADY_TAKEN', 'an unknown task';


=== TEST 9: how far a task is, its driver says and nobody else
--- play
my $id = ordered('out_for_delivery');
my $task = task_of($id);
my $open = task_of(ordered('preparing'));
my $message = 'Cannot update this delivery. It may not be assigned to you.';

my $got = progress($task, 'in_transit');
is $got->{code}, 200, 'which it is';
is decoded($got)->{message}, 'Delivery is in transit.', 'in words';
is_seen $id, 'buyer', 'out_for_delivery', 3, 'nothing was changed';

for (['another driver', progress($task, 'delivered', as => 'driver2')],
     ['an unknown task', progress($::nobody, 'delivered')],
     ['a task that nobody accepted', progress($open, 'delivered')])
{
    is_problem $_->[1], 403, 'FORBIDDEN', $_->[0];
    is decoded($_->[1])->{message}, $message, "$_->[0]: the document's words";
}

is_problem progress($task, 'delivered', json => $_), 400, 'INVALID_INPUT', $_
    for '{}', '{"status":"cancelled"}', '{"status":"assigned"}';
is stand($id), 'out_for_delivery|Erin|in_transit|Erin|f', 'as it was';
is progress($task, 'delivered')->{code}, 200, 'delivered';
is_problem progress($task, $_), 409, 'TRANSITION_NOT_ALLOWED', "then $_"
    for qw(delivered in_transit);
is_seen $id, 'buyer', 'delivered', 4, 'delivered once';


=== TEST 10: cancelling an order closes its task
--- play
my $id = ordered('preparing');
my $task = task_of($id);

is manage($id, 'cancelled')->{code}, 200, 'cancelled';
is stand($id), 'cancelled|-|closed|-|f', 'closed';
ok !requests('driver')->{$id}, 'not shown any more';
is_problem accept_task($task), 409, 'ALREADY_TAKEN', 'not to be accepted';
is_problem reject_task($task), 409, 'ALREADY_TAKEN', 'nor rejected';
is_seen $id, 'buyer', 'cancelled', 3;

$id = ordered('preparing');
$task = task_of($id);

my @got = call_all(["PUT /api/driver/tasks/$task", as => 'driver',
                    json => '{"action":"accept"}'],
                   ["PUT /api/manager/orders/$id", as => 'manager',
                    json => '{"status":"cancelled"}']);

is join(' ', sort map { $_->{code} } @got), '200 409', 'one of both at once';
like stand($id), $got[0]{code} == 200 ? qr/^out.*\|in_transit/
                                      : qr/^cancelled.*\|closed/, 'agree';

$id = ordered('out_for_delivery');
is_problem manage($id, 'cancelled'), 409, 'TRANSITION_NOT_ALLOWED',
    'not when it is out';
is_problem call("PATCH /orders/$id/cancel", as => 'admin'),
    409, 'TRANSITION_NOT_ALLOWED', 'nor by an admin';


=== TEST 11: a driver's list has that driver's tasks, page by page
--- play
ordered('out_for_delivery') for 1 .. 3;
my $done = ordered('out_for_delivery');
progress(task_of($done), 'delivered');
my $foreign = ordered('preparing');
accept_task(task_of($foreign), as => 'driver2');

my $all = sub {
    return sql("SELECT string_agg(id::text, ' ' ORDER BY id DESC)
                  FROM shop.deliveries WHERE driver_id = '"
               . user_id('driver') . "'" . (shift // ''));
};
my $ids = sub { join ' ', map { map { $_->{id} } @$_ } @_ };
my @pages = pages('/api/driver/tasks?limit=3', undef, as => 'driver');

is $ids->(@pages), $all->(), 'all of them, the newest first';

my ($task) = grep { $_->{order_id} eq $done } map { @$_ } @pages;

is $task->{delivery_status}, 'delivered', 'where it stands';
like $task->{delivery_time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/,
    'and since when';
is $ids->(pages('/api/driver/tasks?status=in_transit&limit=2', undef,
                as => 'driver')),
    $all->(" AND delivery_status = 'in_transit'"), 'of one status';
unlike $ids->(@pages), qr/@{[ task_of($foreign) ]}/, "not another's";
is_problem call("GET /api/driver/$_", as => 'driver'), 400, 'INVALID_INPUT',
    $_ for 'tasks?status=out', 'tasks?cursor=x', 'requests?status=assigned';

my $limited = call('GET /api/driver/requests?limit=1', as => 'driver2');
ordered('preparing') for 1 .. 2;
my @requests = map { map { $_->{id} } @$_ }
    pages('/api/driver/requests?limit=1', undef, as => 'driver2');
is_deeply \@requests, [sort @requests], 'requests: the oldest first';
cmp_ok scalar @requests, '>=', 2, 'one a page';


=== TEST 12: who is no driver has no tasks
--- play
my $task = task_of(ordered('preparing'));

for my $user (qw(buyer manager admin), undef) {
    my $name = $user // 'nobody';
    my @problem = $user ? (403, 'FORBIDDEN') : (401, 'UNAUTHORIZED');

    is_problem call("GET /api/driver/$_", as => $user), @problem,
        "$name: $_" for qw(requests tasks);
    is_problem accept_task($task, as => $user), @problem, "$name: accept";
    is_problem progress($task, 'delivered', as => $user), @problem,
        "$name: progress";
}

is sql("SELECT delivery_status, driver_id IS NULL FROM shop.deliveries
         WHERE id = '$task'"), 'assigned|t', 'as it was';
