# S3: status, comments and a discount, PUT /api/orders/:id; the audit trail
# and the notifications that each change leaves.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $nobody = '00000000-0000-7000-8000-00000000dead';


# An order of two headphones: 200 dollars.
sub ordered {
    return order_id('update ' . our $orders++, quantity => 2, @_);
}


sub update {
    my ($id, $json, %how) = @_;

    return call("PUT /api/orders/$id", as => 'seller', json => $json, %how);
}


# Total, discount, what is left, and notes, in the database.
sub price {
    return sql("SELECT total_amount, total_discount, final_total, order_notes
                  FROM shop.orders WHERE id = '$_[0]'");
}


sub history {
    my ($id, $user) = @_;

    return decoded(call("GET /api/orders/$id/history",
                        as => $user // 'buyer'))->{history};
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the status is saved at once, with who changed it and from what
--- play
my $id = ordered();

is_seen $id, 'buyer', 'pending', 1;

my $got = update($id, '{"status":"confirmed","comments":"In stock"}');
my $order = decoded($got)->{order};

is $got->{code}, 200, 'changed';
is_deeply [@$order{qw(id status version)}], [$id, 'confirmed', 2],
    'the updated order';
is $order->{items}[0]{productName}, 'Wireless Headphones', 'all of it';
like $got->{headers}{etag}, qr/^"\d+\.2\.\d+"$/, 'its tag';
is_seen $id, 'buyer', 'confirmed', 2;

is update($id, '{"status":"processing"}', as => 'admin')->{code}, 200,
    'an admin may';
is_seen $id, 'buyer', 'processing', 3;

is_deeply [map { [@$_{qw(previousStatus newStatus changedBy notes source)}] }
               @{ history($id) }], [
    [undef, 'pending', { id => user_id('buyer'), name => 'John Doe' }, undef,
     'buyer'],
    ['pending', 'confirmed',
     { id => user_id('seller'), name => 'Alice Store' }, 'In stock',
     'seller'],
    ['confirmed', 'processing',
     { id => user_id('admin'), name => 'Grace Admin' }, undef, 'admin']],
    'the audit trail';


=== TEST 2: a discount is taken off, and said in the notes
--- play
my $id = ordered();
my $got = update($id, '{"discountAmount":12.5}');

is $got->{code}, 200, 'without a status';
like $got->{body}, qr/"status":"pending",.*"totalAmount":200,/, 'as it was';
like $got->{body}, qr/"totalDiscount":12\.5,"finalTotal":187\.5,/,
    'but for the price';
is decoded($got)->{order}{notes}, 'Discount applied: USD 12.5',
    'the words of the document';
is_seen $id, 'buyer', 'pending', 2, 'a version, and no change of status';
is scalar @{ history($id) }, 1, 'nor a line in the audit trail';

$got = update($id, '{"discountAmount":"20","comments":"For the scratch"}');
is price($id), '200.00000000|20.00000000|180.00000000|For the scratch',
    'another in its place, with comments';

$got = update($id, '{"status":"confirmed","discountAmount":30,'
              . '"comments":"Loyal"}');
is_deeply [@{ decoded($got)->{order} }{qw(status version notes)}],
    ['confirmed', 4, 'Loyal'], 'with a status, in one version';
is price($id), '200.00000000|30.00000000|170.00000000|Loyal', 'and price';
is history($id)->[-1]{notes}, 'Loyal', 'the comments are in both places';
is_seen $id, 'buyer', 'confirmed', 4;

$got = update($id, '{"status":"confirmed","discountAmount":40}');
is $got->{code}, 200, 'the status that it has';
is scalar @{ history($id) }, 2, 'is no change of status';

is update($id, '{"discountAmount":200}')->{code}, 200, 'all of it';
is price($id), '200.00000000|200.00000000|0.00000000|'
    . 'Discount applied: USD 200', 'for nothing';


=== TEST 3: a discount is not below zero, not above the total
--- play
my $id = ordered();
my $before = price($id);

for (['-0.00000001', 'must be at least 0'],
     ['200.00000001', 'must be at most 200'],
     ['9999999999', 'must be at most 200'],
     ['10000000000', 'must have at most 10 digits before the point'],
     ['0.000000001', 'must have at most 8 decimals'],
     ['1e400', undef], ['"x"', 'must be a number'],
     ['""', undef], ['true', undef], ['[1]', undef], ['"1,5"', undef],
     ['" 1"', undef], ['"NaN"', undef], ['"Infinity"', undef])
{
    my ($amount, $message) = @$_;
    my $got = update($id, qq({"discountAmount":$amount}));

    is_problem $got, 400, 'INVALID_INPUT', "$amount: refused";
    is_deeply [map { $_->{field} } @{ decoded($got)->{errors} }],
        ['discountAmount'], "$amount: the field";
    is decoded($got)->{errors}[0]{message}, $message, "$amount: why"
        if defined $message;
}

my $got = update($id, '{"status":"confirmed","discountAmount":200.00000001}');
is_problem $got, 400, 'INVALID_INPUT', 'nor with a status';
is price($id), $before, 'nothing was taken off';
is_seen $id, 'buyer', 'pending', 1, 'nothing was changed';


=== TEST 4: no discount of zero
--- play
my $id = ordered();

for ('0', '"0.00"', '-0', '0e5', 'null') {
    my $got = update($id, qq({"discountAmount":$_}));

    is_problem $got, 400, 'INVALID_INPUT', $_;
    is_deeply decoded($got)->{errors}, [{ field => 'status',
        message => 'is required' }], "$_: then a status is needed";
}

update($id, '{"discountAmount":5}');

my $got = update($id, '{"status":"confirmed","discountAmount":0}');
is $got->{code}, 200, 'with a status';
is price($id), '200.00000000|5.00000000|195.00000000|Discount applied: USD 5',
    'the one before stays';


=== TEST 5: the last decimal place counts
--- play
my $product = product_id(33);

for (['12345678.12345678', '0.00000001', '12345678.12345677'],
     ['12345678.12345678', '12345678.12345678', '0'],
     ['9999999999.99999999', '0.00000001', '9999999999.99999998'],
     ['9999999999.99999999', '9999999999.99999998', '0.00000001'],
     ['0.3', '0.1', '0.2'], ['0.00000003', '0.00000001', '0.00000002'])
{
    my ($total, $discount, $final) = @$_;

    sql("UPDATE shop.products SET price = $total WHERE id = '$product'");

    for ($discount, qq("$discount")) {
        my $id = order_id("$total - $_", product => 33);
        my $got = update($id, qq({"discountAmount":$_}));

        is $got->{code}, 200, "$total - $_";
        like $got->{body}, qr/"totalAmount":\Q$total\E,"totalDiscount":
            \Q$discount\E,"finalTotal":\Q$final\E,/x, 'in the answer';
        is sql("SELECT trim_scale(total_discount), trim_scale(final_total)
                  FROM shop.orders WHERE id = '$id'"), "$discount|$final",
            'in the database';
        like call("GET /orders/$id", as => 'buyer')->{body},
            qr/"total_discount":\Q$discount\E,"final_total":\Q$final\E,/,
            'and when it is read';
    }
}

sql("UPDATE shop.products SET price = 19.95 WHERE id = '$product'");


=== TEST 6: the price of an order that is final does not change
--- play
for (qw(delivered cancelled returned)) {
    my $id = ordered(status => $_);
    my $before = price($id);
    my $got = update($id, '{"discountAmount":1}');

    is_problem $got, 409, 'ORDER_FINAL', $_;
    is decoded($got)->{current_status}, $_, 'where it stands';
    is_problem update($id, '{"status":"confirmed"}'),
        409, 'TRANSITION_NOT_ALLOWED', "$_: nor its status";
    is price($id), $before, "$_: as it was";
}

my $id = ordered(status => 'shipped');
is update($id, '{"status":"delivered","discountAmount":1}')->{code}, 200,
    'the last change may still have one';


=== TEST 7: who may, and what not
--- play
my $id = ordered();
my $set = '{"status":"confirmed","discountAmount":1}';

is_problem update($id, $set, as => $_), 403, 'FORBIDDEN', $_
    for qw(buyer buyer2 driver manager market);
is_problem update($id, $set, as => undef), 401, 'UNAUTHORIZED', 'nobody';
is_problem update($::nobody, $set), 404, 'NOT_FOUND', 'no such order';
is_problem update('ORD-2026-999999', $set), 404, 'NOT_FOUND', 'no number';
is_problem update('1', $set), 400, 'INVALID_INPUT', 'no id';
is_problem update($id, '{"status":"nonsense"}'), 400, 'UNKNOWN_STATUS',
    'no status';

my $got = update($id, '{"status":"shipped","discountAmount":1}');
is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', 'not from here';
is_deeply decoded($got)->{allowed_transitions}, [qw(confirmed cancelled)],
    'where it may go';
is_problem update($id, '{"status":"pending"}'), 409,
    'TRANSITION_NOT_ALLOWED', 'nor to where it is';

for ('{}', '{"comments":"Nothing else"}', '{"status":7}', '{"status":""}',
     '{"status":"confirmed","comments":""}',
     '{"status":"confirmed","comments":"' . 'x' x 2001 . '"}',
     '{"status":"confirmed","discount":1}', 'status=confirmed', '')
{
    is_problem update($id, $_), 400, 'INVALID_INPUT', substr $_, 0, 40;
}

is price($id), '200.00000000|0.00000000|200.00000000|', 'the same price';
is_seen $id, 'buyer', 'pending', 1, 'nothing was changed';


=== TEST 8: buyer and manager are told in the same transaction
--- play
my $id = ordered();

sql("DELETE FROM shop.notifications WHERE order_id = '$id'");
is update($id, '{"status":"confirmed"}')->{code}, 200, 'changed';

my $number = sql("SELECT order_number FROM shop.orders WHERE id = '$id'");

is sql("SELECT string_agg(concat_ws('/', u.first_name, n.type, n.title,
                                    n.message, n.priority), ', '
                          ORDER BY u.id)
          FROM shop.notifications n
          JOIN shop.users u ON u.id = n.user_id
         WHERE n.order_id = '$id'"),
    "John/order_update/Order Status Updated/Order $number: ✔️ Seller "
    . "confirmed!/medium, Alice/order_update/Order Status Updated/"
    . "Order $number is now Confirmed/medium", 'both, and nobody else';
is sql("SELECT count(DISTINCT xmin) FROM (
            SELECT xmin::text FROM shop.notifications
             WHERE order_id = '$id'
             UNION ALL
            SELECT xmin::text FROM shop.orders WHERE id = '$id'
             UNION ALL
            SELECT xmin::text FROM shop.order_status_history
             WHERE order_id = '$id' AND new_status = 'confirmed') x"), 1,
    'by one transaction';

my ($told) = grep { $_->{orderId} eq $id } @{ decoded(
    call('GET /api/notifications', as => 'buyer'))->{notifications} };

is_deeply $told->{data}, { orderId => $id, orderNumber => $number,
    status => 'confirmed', oldStatus => 'pending' }, 'with the old status';

is_problem update($id, '{"status":"delivered"}'), 409,
    'TRANSITION_NOT_ALLOWED', 'a change that is refused';
is update($id, '{"discountAmount":1}')->{code}, 200, 'a discount';
is sql("SELECT count(*) FROM shop.notifications WHERE order_id = '$id'"), 2,
    'are no change of status';


=== TEST 9: admins are told where their store says so
--- play
for ([1, 'true'], [0, 'false']) {
    my ($count, $notify) = @$_;

    sql("UPDATE shop.stores SET notify_admins = $notify
          WHERE id = '" . store_id(3) . "'");

    my $id = ordered();
    update($id, '{"status":"confirmed"}');

    is sql("SELECT count(*) FROM shop.notifications
             WHERE order_id = '$id' AND user_id = '" . user_id('admin')
           . "'"), $count, "notify_admins $notify";
}


=== TEST 10: changes at once: none is lost
--- play
my $id = ordered();
my @got = call_all(map { ["PUT /api/orders/$id", as => 'seller', json =>
                          qq({"discountAmount":$_,"comments":"no. $_"})] }
                       1 .. 12);

is scalar(grep { $_->{code} == 200 } @got), 12, 'all are done';
is_deeply [sort { $a <=> $b } map { decoded($_)->{order}{version} } @got],
    [2 .. 13], 'each is a version';

my ($last) = grep { decoded($_)->{order}{version} == 13 } @got;
my $discount = decoded($last)->{order}{totalDiscount};

is price($id), sprintf('200.00000000|%s.00000000|%s.00000000|no. %s',
                       $discount, 200 - $discount, $discount),
    'the last one counts';
is_seen $id, 'buyer', 'pending', 13;
