# What happens to orders by itself while nginx runs.  It looks every ten
# seconds, the first time ten seconds after it has started.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $patience = 25;


# So many new orders of the marketplace on their way; the ids.
sub sent {
    my $count = shift // 1;
    my @ids = split /\n/, sql("INSERT INTO shop.orders (buyer_id, store_id,
                                      payment_method, total_amount)
                               SELECT '" . user_id('buyer') . "', '"
                              . store_id(5) . "', 'cash', 1
                                 FROM generate_series(1, $count)
                               RETURNING id");

    move(\@ids, $_) for qw(processing ready_to_ship shipped);

    return @ids;
}


sub move {
    my ($ids, $status) = @_;

    sql("UPDATE shop.orders SET status = '$status' WHERE id IN ("
        . among(@$ids) . ')');
}


sub among {
    return join ',', map { "'$_'" } @_;
}


# The time of these orders has come.
sub due {
    my ($kind, @ids) = @_;

    sql("UPDATE shop.order_timers SET due_at = now() - interval '1 s'
          WHERE kind = '$kind' AND order_id IN (" . among(@ids) . ')');
}


# How many of these orders are in a status.
sub in_status {
    my ($status, @ids) = @_;

    return sql("SELECT count(*) FROM shop.orders
                 WHERE status = '$status' AND id IN (" . among(@ids) . ')');
}


sub versions {
    return sql("SELECT string_agg(DISTINCT version::text, ' ')
                  FROM shop.orders WHERE id IN (" . among(@_) . ')');
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an order whose time has come moves on, and every worker's poll shows it
--- play
my ($id, $not_yet, $final) = sent(3);
my $unpaid = sql("UPDATE shop.settings SET trust_payment = false;
                  INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                           total_amount)
                  VALUES ('" . user_id('buyer') . "', '" . store_id(5) . "',
                          'fiat', 1) RETURNING id");

sql('UPDATE shop.settings SET trust_payment = true');
order_set($final, 'delivered');
is_seen($id, 'buyer', 'shipped', 4);
due('advance', $id, $unpaid, $final);

ok wait_until(sub { in_status('delivered', $id) }, $::patience),
    'shipped: delivered';
ok wait_until(sub {
    decoded(call("GET /api/order-status/$id", as => 'buyer'))->{version} == 5
}, 0.5), 'the feed brings it';
is_seen($id, 'buyer', 'delivered', 5);
is_seen($unpaid, 'buyer', 'cancelled', 2, 'unpaid: cancelled');
is_seen($final, 'buyer', 'completed', 6, 'delivered: completed');
is_seen($not_yet, 'buyer', 'shipped', 4, 'whose time has not come: nothing');

my $change = decoded(call("GET /api/orders/$id/history", as => 'buyer'))
    ->{history}[-1];

is_deeply [@$change{qw(previousStatus newStatus reason source changedBy)}],
    ['shipped', 'delivered', 'automatic', 'system', undef], 'in the history';
is sql("SELECT count(*) FROM shop.notifications
         WHERE order_id = '$id' AND data ->> 'status' = 'delivered'
           AND user_id IN ('" . user_id('buyer') . "', '"
       . user_id('market') . "')"), 2, 'buyer and seller are told';
is sql("SELECT due_at > now() + interval '13 d' FROM shop.order_timers
         WHERE order_id = '$id' AND kind = 'advance'"), 't',
    'and then its next time runs';


=== TEST 2: a stuck order is told to its seller, once
--- play
my $id = order_id('stuck', status => 'processing');

due('stuck', $id);

my $told = sub {
    return sql("SELECT count(*) FROM shop.notifications
                 WHERE order_id = '$id' AND type = 'order_stuck'");
};

ok wait_until(sub { $told->() }, $::patience), 'told';

my ($stuck) = grep { $_->{type} eq 'order_stuck' } @{
    decoded(call('GET /api/notifications', as => 'seller'))->{notifications}
};

is $stuck->{orderId}, $id, 'to the seller';
is $stuck->{priority}, 'high', 'priority';
like $stuck->{message}, qr/^Order ORD-\S+ is Processing since \d{4}-/,
    'since when';
is_seen($id, 'buyer', 'processing', 3, 'the order stays where it is');

my ($again) = sent();
due('advance', $again);
ok wait_until(sub { in_status('delivered', $again) }, $::patience),
    'the next time';
is $told->(), 1, 'not told again';


=== TEST 3: who holds an order is not waited for, and one that cannot move stops no other
--- play
my @ids = sent(5);
my ($held, $bad, @good) = @ids;
my $lock = hold("SELECT FROM shop.orders WHERE id = '$held' FOR UPDATE");

sql("CREATE FUNCTION public.bad() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN RAISE EXCEPTION ''no''; END';
     CREATE TRIGGER bad BEFORE UPDATE ON shop.orders FOR EACH ROW
     WHEN (OLD.id = '$bad') EXECUTE FUNCTION public.bad()");
due('advance', @ids);

ok wait_until(sub { in_status('delivered', @good) == @good }, $::patience),
    'the others move on';
is in_status('shipped', $held, $bad), 2, 'these two do not';
is sql("SELECT due_at > now() FROM shop.order_timers
         WHERE order_id = '$bad' AND kind = 'advance'"), 't',
    'what cannot move is put off';

release($lock);
sql('DROP TRIGGER bad ON shop.orders; DROP FUNCTION public.bad()');
ok wait_until(sub { in_status('delivered', $held) }, $::patience),
    'who was held comes later';


=== TEST 4: more than a hundred go on without waiting
--- play
my @ids = sent(350);

due('advance', @ids);
ok wait_until(sub { in_status('delivered', @ids) }, $::patience), 'begun';

my $begun = Time::HiRes::time();

ok wait_until(sub { in_status('delivered', @ids) == 350 }, $::patience),
    'all of them';
cmp_ok Time::HiRes::time() - $begun, '<', 8, 'at once';
is versions(@ids), '5', 'each once';


=== TEST 5: two instances do it once
--- play
my $port = second_nginx();
my @ids = sent(150);
my @stuck = map { order_id("stuck$_", status => 'processing') } 1 .. 5;

wait_until(sub { call('GET /api/stores', port => $port)->{code} == 200 });
due('advance', @ids);
due('stuck', @stuck);
ok wait_until(sub { in_status('delivered', @ids) == 150 }, $::patience),
    'done';

# both have looked then

sleep 11;
is versions(@ids), '5', 'each once';
is sql("SELECT count(*) FROM shop.order_status_history
         WHERE change_reason = 'automatic' AND order_id IN ("
       . among(@ids) . ')'), 150, 'each once in the history';
is sql("SELECT count(*) FROM shop.notifications
         WHERE type = 'order_stuck' AND order_id IN (" . among(@stuck) . ')'),
    5, 'each told once';

my @polls = map { call("GET /api/order-status/$ids[0]", as => 'buyer', @$_) }
                [], [port => $port];

is scalar(grep { decoded($_)->{status} eq 'delivered' } @polls), 2,
    'both show it';
