# GET /api/analytics/orders: S4's key metrics.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $path = '/api/analytics/orders';

# a store of its own, whose figures are known
new_user('analyst', 'manager');
new_user('novice', 'manager');
new_user('payee', 'manager');

our $store = sql("INSERT INTO shop.stores (name, manager_id, workflow, currency)
                  VALUES ('Figures', '" . user_id('analyst')
                 . "', 'cart', 'CHF') RETURNING id");
our $empty = sql("INSERT INTO shop.stores (name, manager_id, workflow)
                  VALUES ('Nothing', '" . user_id('novice')
                 . "', 'cart') RETURNING id");


# An order of that store, created so long ago, and moved on an hour after each
# other.
sub sold {
    my ($total, $method, $age, @statuses) = @_;
    my $id = sql("INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                           total_amount, created_at)
                  VALUES ('" . user_id('buyer') . "', '$store', '$method',
                          $total, now() - interval '$age') RETURNING id");
    my $hours = 0;

    at($id, $hours);

    for my $status (@statuses) {
        sql("UPDATE shop.orders SET status = '$status' WHERE id = '$id'");
        at($id, ++$hours);
    }

    return $id;
}


# The last change of an order happened so many hours after its creation, and
# lasted one.
sub at {
    my ($id, $hours) = @_;

    sql("SET session_replication_role = replica;
         UPDATE shop.orders
            SET status_updated_at = created_at + interval '$hours h',
                actual_delivery_date = CASE WHEN actual_delivery_date IS NULL
                    THEN NULL ELSE created_at + interval '$hours h' END
          WHERE id = '$id';
         UPDATE shop.order_status_history h
            SET created_at = o.created_at + interval '$hours h',
                in_previous = CASE WHEN previous_status IS NULL
                    THEN NULL ELSE interval '1 h' END
           FROM shop.orders o
          WHERE h.order_id = o.id AND o.id = '$id'
            AND h.new_status = o.status");
}


sub figures {
    my ($args, $user) = @_;

    return decoded(call("GET $path?$args", as => $user // 'analyst'));
}

sold(100, 'card', '6 d', qw(processing shipped delivered));
sold('50.00000001', 'card', '5 d', qw(processing shipped));
sold(10, 'cash', '4 d', qw(processing cancelled));
sold(30, 'cash', '3 d', qw(processing));
sold(1000, 'card', '40 d', qw(processing shipped delivered));

sql("UPDATE shop.orders SET payment_status = 'paid'
      WHERE store_id = '$store' AND total_amount = 100");

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the answer has S4's metrics
--- play
my $got = call("GET $::path", as => 'analyst');
my $all = decoded($got);

is $got->{code}, 200, 'answered';
is_deeply [sort keys %$all], [qw(orders payments range statuses)], 'parts';
is_deeply [sort keys %{ $all->{orders} }],
    [qw(averageOrderValue averageOrderValueByCurrency completed
        completionRate created creationRatePerDay timeToFulfilmentSeconds)],
    'orders';
is_deeply [sort keys %{ $all->{statuses} }],
    [qw(cancellationRate cancellationRateByStatus stuck transitions)],
    'statuses';
is_deeply [sort keys %{ $all->{payments} }],
    [qw(averageProcessingSeconds distribution successRate)], 'payments';


=== TEST 2: its figures are those of the range, exactly
--- play
my $got = call("GET $::path", as => 'analyst');
my $all = decoded($got);
my $orders = $all->{orders};

is $orders->{created}, 4, 'created: four in 30 days';
is $orders->{completed}, 1, 'completed: one is delivered';
is $orders->{completionRate}, 0.25, 'completionRate';
is $orders->{creationRatePerDay}, 0.1333, 'creationRatePerDay';
like $got->{body}, qr/"averageOrderValue":60[.,]/,
    'averageOrderValue, without the cancelled one';
is_deeply [keys %{ $orders->{averageOrderValueByCurrency} }], ['CHF'],
    'averageOrderValueByCurrency';
is $orders->{timeToFulfilmentSeconds}, 3 * 3600, 'timeToFulfilmentSeconds';

my %times = map { ("$_->{from} $_->{to}" => $_) }
                @{ $all->{statuses}{transitions} };

is_deeply { map { ($_ => $times{$_}{count}) } keys %times },
    { 'pending processing' => 4, 'processing shipped' => 2,
      'processing cancelled' => 1, 'shipped delivered' => 1 }, 'transitions';
is $times{'processing shipped'}{$_}, 3600, "transitions: $_"
    for qw(averageSeconds medianSeconds);
is $all->{statuses}{cancellationRate}, 0.25, 'cancellationRate';
is_deeply $all->{statuses}{cancellationRateByStatus},
    { pending => 0, processing => 0.3333, shipped => 0 },
    'cancellationRateByStatus';
is_deeply $all->{statuses}{stuck}, { processing => 1 },
    'stuck: 48 hours in processing';
is_deeply $all->{payments}{distribution}, { card => 2, cash => 2 },
    'distribution';
is_deeply $all->{payments}{successRate}, { card => 0.5, cash => 0 },
    'successRate';


=== TEST 3: from and to choose
--- play
my $day = sub { sql("SELECT to_char((now() AT TIME ZONE 'UTC')
                    - interval '$_[0]', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')") };
my ($six, $four, $sixty) = map { $day->($_) } '6 d 1 h', '4 d 1 h', '60 d';

is figures("from=$sixty")->{orders}{created}, 5, 'from: also the oldest';
is figures("from=$six&to=$four")->{orders}{created}, 2, 'both';
is figures("to=$four")->{orders}{created}, 2, 'to: and 30 days before';

my $range = figures("from=$six&to=$four")->{range};

like $range->{from}, qr/^\Q${\substr $six, 0, 19}\E/, 'range: from';
like $range->{to}, qr/^\Q${\substr $four, 0, 19}\E/, 'range: to';


=== TEST 4: the processing time is that from the order to its payment
--- play
my $id = sql("INSERT INTO shop.stores (name, manager_id, workflow)
              VALUES ('Payments', '" . user_id('payee') . "', 'shop')
              RETURNING id");
my @orders = map { [split /\|/, $_] } split /\n/, sql(
    "INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                              total_amount, created_at)
     SELECT '" . user_id('buyer') . "', '$id', method, 1,
            date_trunc('second', now()) - interval '1 h'
       FROM unnest('{card,card,card,fiat}'::text[]) method
     RETURNING id, to_char(created_at AT TIME ZONE 'UTC'
         + CASE WHEN payment_method = 'fiat' THEN interval '600 s'
                ELSE interval '90 s' END, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");

for (@orders[0, 1, 3]) {
    my $json = qq({"type":"payment.confirmed","orderId":"$_->[0]",)
               . qq("occurredAt":"$_->[1]"});

    is call('POST /api/webhooks/payment', json => $json,
            headers => webhook('payment', $json))->{code}, 200, 'paid';
}

my $payments = figures('', 'payee')->{payments};

is_deeply $payments->{averageProcessingSeconds}, { card => 90, fiat => 600 },
    'averageProcessingSeconds, of those that were paid';
is_deeply $payments->{successRate}, { card => 0.6667, fiat => 1 },
    'successRate, of all';


=== TEST 5: without orders the rates are null, and nothing breaks
--- play
my $all = figures('', 'novice');

is $all->{orders}{created}, 0, 'none';
is $all->{orders}{$_}, undef, $_ for qw(completionRate averageOrderValue
                                        timeToFulfilmentSeconds);
is_deeply $all->{statuses}, { transitions => [], stuck => {},
    cancellationRateByStatus => {}, cancellationRate => undef }, 'statuses';
is_deeply $all->{payments}, { distribution => {}, successRate => {},
    averageProcessingSeconds => {} }, 'payments';


=== TEST 6: a manager sees the own stores, an admin all
--- play
my $id = order_id('sold');

is figures("store=$::store")->{orders}{created}, 4, 'the own store';
is figures("store=$::store", 'admin')->{orders}{created}, 4,
    'the same, for an admin';
is figures('', 'admin')->{orders}{created},
    sql("SELECT count(*) FROM shop.orders
          WHERE created_at >= now() - interval '30 d'"), 'all';
is figures('', 'seller')->{orders}{created},
    sql("SELECT count(*) FROM shop.orders
          WHERE seller_id = '" . user_id('seller') . "'"),
    'another manager: others';


=== TEST 7: nobody else may ask, and nobody about another's store
--- as eval
[qw(analyst seller analyst admin buyer driver -)]
--- request eval
["GET $::path?store=$::empty", "GET $::path?store=$::store",
 ("GET $::path?store=00000000-0000-7000-8000-00000000dead") x 2,
 ("GET $::path") x 3]
--- problem
403 FORBIDDEN This is not your store\.
403 FORBIDDEN This is not your store\.
404 NOT_FOUND There is no such store\.
404 NOT_FOUND There is no such store\.
403 FORBIDDEN
403 FORBIDDEN
401 UNAUTHORIZED


=== TEST 8: a range is of at most 366 days, and ends after it begins
--- as: analyst
--- request eval
[map { "GET $::path?$_" } qw(
    from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z
    from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z
    from=2024-01-01T00:00:00Z&to=2025-01-01T00:00:01Z
    from=2024-01-01T00:00:00Z&to=2025-01-01T00:00:00Z
    from=9999-01-01T00:00:00Z from=2026-01-01 to=now store=x
    from=x&to=y&store=z&more=1)]
--- problem
400 INVALID_INPUT "field" : "to", "message" : "must be later than from"
400 INVALID_INPUT "field" : "to"
400 INVALID_INPUT "field" : "to", "message" : "must be at most 366 days after from"
200
400 INVALID_INPUT "field" : "to"
400 INVALID_INPUT "field":"from"
400 INVALID_INPUT "field":"to"
400 INVALID_INPUT "field":"store"
400 INVALID_INPUT "field":"from".*"field":"to".*"field":"store".*"field":"more"
