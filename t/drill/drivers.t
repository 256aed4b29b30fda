# Five hundred drivers accept one task at the same moment, again and again:
# one of them gets it, and the order and its delivery say the same.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Drill;
use List::Util qw(shuffle);
use OrderToken;
use Test::More;

my $drivers = 500;
my $rounds = scaled(5, 100);

# what the demo has: nobody is sent away, as all of them fit into the queue
my $node = node(database => 'connections=4 queue=1024');
my $dbh = dbh();

my @drivers = map { sprintf '00000000-0000-7000-8000-0000000004%02x', $_ }
                  0 .. 255;
push @drivers, map { sprintf '00000000-0000-7000-8000-0000000005%02x', $_ }
                   0 .. $drivers - 257;

$dbh->do("INSERT INTO shop.users (id, email, role)
          SELECT id, id || '\@example.com', 'driver' FROM unnest(?::uuid[]) id",
         undef, \@drivers);
$dbh->do('UPDATE shop.products SET stock = 1000000');

my @clients = map {
    DrillClient->new(port => $node->{port}, timeout => 60, token =>
        OrderToken::sign(key_dir() . '/hs256.key', 'demo', $_, 'driver',
                         86400))
} @drivers;

# one connection after the other, so that both workers get their share

$_->attach or die "no connection\n" for @clients;

my $buyer = $node->client('buyer');
my (%count, %winner, @wrong);
my $longest = 0;


# An order that is being prepared, and its task.
sub cooking {
    my ($order) = $dbh->selectrow_array(
        "SELECT (body::json ->> 'order_id')::uuid
           FROM api.place_order(?, 'customer', NULL, NULL,
                    json_build_array(json_build_object('product_id', ?::text,
                        'quantity', 1))::jsonb, 'card', NULL, NULL)",
        undef, user_id('buyer'), product_id(41));

    $dbh->do("UPDATE shop.orders SET status = 'preparing' WHERE id = ?",
             undef, $order);

    return ($order, $dbh->selectrow_array(
        'SELECT id FROM shop.deliveries WHERE order_id = ?', undef, $order));
}


# All requests but for their last byte; then that one of each, which is what
# they are waiting for.  With "held" the order is locked until all are there.
sub race {
    my ($order, $task, $held) = @_;
    my $body = '{"action":"accept"}';

    for my $client (@clients) {
        my $text = $client->text('PUT', "/api/driver/tasks/$task",
                                 "Content-Type: application/json\r\n", $body);
        syswrite $client->{socket}, substr $text, 0, -1;
    }

    sleep 0.05;

    if ($held) {
        $dbh->begin_work;
        $dbh->do('SELECT FROM shop.orders WHERE id = ? FOR UPDATE', undef,
                 $order);
    }

    my $start = time;

    syswrite $_->{socket}, '}' for shuffle(@clients);

    if ($held) {
        sleep 0.1;
        $dbh->commit;
    }

    my @answers = map { $_->answer } @clients;
    $longest = max($longest, time - $start);

    return @answers;
}


sub wrong {
    my ($round, $text) = @_;

    push @wrong, "round $round: $text" if @wrong < 10;
}


for my $round (1 .. $rounds) {
    my ($order, $task) = cooking();
    my @answers = race($order, $task, $round % 2);
    my @winners;

    for my $i (0 .. $#answers) {
        my $status = $answers[$i]{status} // $answers[$i]{error};
        my ($code) = ($answers[$i]{body} // '') =~ /"code":"(\w+)"/;

        $count{ join ' ', $status, $code // () }++;
        push @winners, $drivers[$i] if $status eq '200';
    }

    wrong($round, scalar @winners . ' won') if @winners != 1;
    $winner{ $winners[0] // '' }++;

    my $is = join ' ', $dbh->selectrow_array(
        "SELECT o.status, o.version, o.driver_id, d.delivery_status,
                d.driver_id,
                (SELECT string_agg(concat(h.changed_by), ',')
                   FROM shop.order_status_history h
                  WHERE h.order_id = o.id
                    AND h.new_status = 'out_for_delivery'),
                (SELECT count(*) FROM shop.change_log l
                  WHERE l.order_id = o.id)
           FROM shop.orders o JOIN shop.deliveries d ON d.order_id = o.id
          WHERE o.id = ?", undef, $order);
    my $who = $winners[0] // '';
    my $must = "out_for_delivery 3 $who in_transit $who $who 3";

    wrong($round, "the database has $is") if $is ne $must;

    my $poll = $buyer->poll($order);

    wrong($round, "the poll has $poll->{state} $poll->{version}")
        if "$poll->{state} $poll->{version}" ne 'out_for_delivery 3';
}

is_deeply(\@wrong, [], "$rounds x $drivers drivers: one wins, and order, "
          . 'delivery, history and poll say so');
is_deeply(\%count, { '200' => $rounds,
                     '409 ALREADY_TAKEN' => $rounds * ($drivers - 1) },
          'all others are told that it was taken');
is(sql("SELECT count(*) FROM shop.delivery_rejections"), 0,
   'which is no rejection');
is($dbh->selectrow_array(
       'SELECT count(*) FROM shop.orders o
          LEFT JOIN shop.deliveries d ON d.order_id = o.id
         WHERE o.driver_id IS DISTINCT FROM d.driver_id'), 0,
   'no order has another driver than its delivery');
is_deeply([$node->alarms], [], 'nothing alarmed');

diag(sprintf '%d rounds: %s; %d different winners; %.2f s at most', $rounds,
     join(', ', map { "$_ x $count{$_}" } sort keys %count),
     scalar keys %winner, $longest);

done_testing();
