use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the caller's orders, the newest first, in S2's shape
--- play
order_id('old', status => 'shipped');
order_id('others', buyer => 'buyer2');
order_id('new', quantity => 3);

my $got = call('GET /api/user-orders-detailed', as => 'buyer');
my $list = decoded($got);

is $got->{code}, 200, 'answered';
is_deeply [map { $_->{order}{id} } @$list],
    [order_id('new'), order_id('old')], 'two of them';
is_deeply [sort keys %{ $list->[0] }], [qw(items order timeline)], 'its parts';

my $order = $list->[1]{order};

ok defined $order->{$_}, "order.$_"
    for qw(id order_number status status_label status_emoji progress_step
           created_at total_amount customer_name);
is $order->{status_label}, 'Shipped', 'status_label';
is $order->{status_emoji}, '📦', 'status_emoji';
is $order->{progress_step}, 4, 'progress_step';
is $order->{customer_name}, 'John Doe', 'customer_name';
is $list->[0]{items}[0]{product_name}, 'Wireless Headphones', 'items';
is $list->[0]{items}[0]{qty}, 3, 'qty';
is_deeply $list->[0]{timeline}{pending},
    { label => 'Pending', emoji => '⏳', step => 1 }, 'timeline.pending';
ok $list->[0]{timeline}{$_}, "timeline.$_" for qw(confirmed processing
                                                  shipped delivered);


=== TEST 2: page by page
--- play
order_id("p$_", buyer => 'buyer2') for 1 .. 5;

my ($path, @seen) = '/api/user-orders-detailed?limit=2';

while (defined $path) {
    my $got = call("GET $path", as => 'buyer2');

    is $got->{code}, 200, $path;
    push @seen, map { $_->{order}{id} } @{ decoded($got) };
    ($path) = ($got->{headers}{link} // '') =~ /^<(\S+)>; rel="next"$/;
}

my %seen = map { $_ => 1 } @seen;

is scalar @seen, scalar keys %seen, 'none twice';
is scalar @seen, sql("SELECT count(*) FROM shop.orders WHERE buyer_id = '"
                     . user_id('buyer2') . "'"), 'all of them';


=== TEST 3: who has none gets none, who is no customer is refused
--- as eval
[qw(admin seller driver -)]
--- request eval
[('GET /api/user-orders-detailed') x 4]
--- problem
200
403 FORBIDDEN
403 FORBIDDEN
401 UNAUTHORIZED


=== TEST 4: a cursor that is none
--- as: buyer
--- request eval
['GET /api/user-orders-detailed?cursor=x',
 'GET /api/user-orders-detailed?limit=abc']
--- problem
400 INVALID_INPUT cursor
400 INVALID_INPUT "field":"limit","message":"must be a whole number"
