# The four status flows against their documents, over HTTP: every triple of
# status, status and role is asked for, and only those below go through.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderToken;
use Test::Nginx::Socket;

# workflow, status, status, who may besides admin and system: m manager,
# c customer, d driver

my @expected = map { [split] } grep { /\S/ } split /\n/, <<'END';
delivery     pending            preparing          m
delivery     pending            cancelled          mc
delivery     preparing          out_for_delivery   d
delivery     preparing          cancelled          m
delivery     out_for_delivery   delivered          d
cart         pending            processing         m
cart         processing         shipped            m
cart         shipped            delivered          m
cart         pending            cancelled          mc
cart         processing         cancelled          mc
cart         shipped            cancelled          mc
shop         pending            confirmed          m
shop         confirmed          processing         m
shop         processing         shipped            m
shop         shipped            delivered          m
shop         pending            cancelled          mc
shop         confirmed          cancelled          mc
shop         processing         cancelled          mc
shop         shipped            cancelled          m
shop         shipped            returned           mc
marketplace  payment_pending    payment_confirmed  -
marketplace  payment_pending    escrow_locked      -
marketplace  payment_pending    cancelled          mc
marketplace  payment_pending    failed             -
marketplace  payment_confirmed  order_confirmed    m
marketplace  payment_confirmed  cancelled          mc
marketplace  payment_confirmed  refunded           -
marketplace  escrow_locked      order_confirmed    m
marketplace  escrow_locked      disputed           c
marketplace  escrow_locked      cancelled          mc
marketplace  order_confirmed    processing         m
marketplace  order_confirmed    cancelled          mc
marketplace  processing         ready_to_ship      m
marketplace  processing         cancelled          m
marketplace  ready_to_ship      shipped            m
marketplace  ready_to_ship      cancelled          m
marketplace  shipped            in_transit         m
marketplace  shipped            delivered          m
marketplace  in_transit         out_for_delivery   m
marketplace  in_transit         delivered          m
marketplace  out_for_delivery   delivered          m
marketplace  delivered          completed          c
marketplace  delivered          disputed           c
marketplace  disputed           completed          -
marketplace  disputed           refunded           -
marketplace  disputed           cancelled          -
END

# a product of a store with that workflow, who manages it, and where an order
# starts when nothing proves that it was paid

my %flows = (
    delivery => [41, 'manager', 'pending'],
    cart => [61, 'cart', 'pending'],
    shop => [31, 'seller', 'pending'],
    marketplace => [51, 'market', 'payment_pending'],
);

my @roles = qw(customer manager driver admin system);


sub first {
    return $flows{ $_[0] }[2];
}


sub of_flow {
    my $flow = shift;

    return grep { $_->[0] eq $flow } @expected;
}


sub statuses_of {
    my %seen;

    return grep { !$seen{$_}++ } map { @$_[1, 2] } of_flow(shift);
}


# Where this role may go from there, by their names.
sub allowed {
    my ($flow, $from, $role) = @_;
    my $letter = substr $role, 0, 1;

    return sort map { $_->[2] }
           grep { $_->[1] eq $from && "$_->[3]as" =~ /$letter/ }
                of_flow($flow);
}


# The statuses on a shortest way from the first one.
sub path_to {
    my ($flow, $to) = @_;
    my @paths = [];
    my %seen = (first($flow) => 1);

    while (my $path = shift @paths) {
        my $at = @$path ? $path->[-1] : first($flow);

        return @$path if $at eq $to;
        push @paths, map { [@$path, $_->[2]] }
                     grep { $_->[1] eq $at && !$seen{ $_->[2] }++ }
                          of_flow($flow);
    }

    die "no way to $flow $to\n";
}


# Orders of a buyer, with a driver, moved there by updates of the system; as
# many as statuses are given.
sub orders_at {
    my ($flow, @statuses) = @_;
    my $product = product_id($flows{$flow}[0]);
    my $values = join ', ', map {
        sprintf "(%d, '{%s}'::text[])", $_,
                join ',', path_to($flow, $statuses[$_])
    } 0 .. $#statuses;

    return split /\n/, sql("
        SELECT public.order_at('$product', path)
          FROM (VALUES $values) v (n, path) ORDER BY n");
}


sub prepare_orders {
    my ($buyer, $driver) = (user_id('buyer'), user_id('driver'));

    sql("UPDATE shop.settings SET trust_payment = false;
         UPDATE shop.products SET stock = 1000000;
         CREATE FUNCTION public.order_at(p_product uuid, p_path text[])
         RETURNS uuid LANGUAGE plpgsql AS \$\$
         DECLARE
             v_id      uuid;
             v_status  text;
         BEGIN
             SELECT a.body::json ->> 'order_id' INTO v_id
               FROM api.place_order('$buyer', 'customer', NULL, NULL,
                        jsonb_build_array(jsonb_build_object(
                            'product_id', p_product, 'quantity', 1)),
                        'crypto', NULL, NULL) a;
             PERFORM shop.act(NULL, 'system');
             UPDATE shop.orders SET driver_id = '$driver' WHERE id = v_id;

             FOREACH v_status IN ARRAY p_path LOOP
                 UPDATE shop.orders SET status = v_status WHERE id = v_id;
             END LOOP;

             RETURN v_id;
         END \$\$");
}


# The tokens of those who have to do with orders of that workflow.
sub tokens_of {
    my $flow = shift;
    my %user = (customer => 'buyer', manager => $flows{$flow}[1],
                driver => 'driver', admin => 'admin', system => 'admin');

    return map {
        $_ => OrderToken::sign(OrderTest::key_dir() . '/hs256.key', 'demo',
                               user_id($user{$_}), $_, 3600)
    } @roles;
}


sub put_status {
    my ($connection, $id, $to, $token) = @_;

    return call("PUT /api/orders/$id/status", on => $connection,
                headers => "Authorization: Bearer $token",
                json => qq({"status":"$to"}));
}


# What is wrong with the refusal of a status; nothing, if it is as it must be.
sub not_refused {
    my ($got, $from, @allowed) = @_;
    my $body = decoded($got);
    my $is = join ' ', $got->{code}, $body->{code} // '',
                  $body->{current_status} // '', ':',
                  sort @{ $body->{allowed_transitions} // ['none'] };
    my $must = join ' ', 409, 'TRANSITION_NOT_ALLOWED', $from, ':', @allowed;

    return $is eq $must ? () : "$is, not $must";
}


# All triples of a workflow: the refused ones on one order for each status,
# those that go through on one each.
sub check_flow {
    my $flow = shift;
    my @statuses = statuses_of($flow);
    my %token = tokens_of($flow);
    my (@refused, @moves, @wrong);

    for my $from (@statuses) {
        for my $role (@roles) {
            my %may = map { $_ => 1 } allowed($flow, $from, $role);

            push @{ $may{$_} ? \@moves : \@refused }, [$from, $_, $role]
                for @statuses;
        }
    }

    my %order;
    @order{@statuses} = orders_at($flow, @statuses);
    my @orders = orders_at($flow, map { $_->[0] } @moves);
    my %version = map { split /\|/ }
                  split /\n/, sql('SELECT id, version FROM shop.orders');
    my $rows = "SELECT md5(string_agg(o::text, '' ORDER BY id))
                  FROM shop.orders o";
    my $before = sql($rows);
    my $connection;

    for (0 .. $#refused) {
        my ($from, $to, $role) = @{ $refused[$_] };

        $connection = connection() if $_ % 500 == 0;
        push @wrong, map { "$from to $to by $role: $_" }
            not_refused(put_status($connection, $order{$from}, $to,
                                   $token{$role}),
                        $from, allowed($flow, $from, $role));
    }

    is_deeply(\@wrong, [], "$flow: " . @refused . ' triples are refused, and'
              . ' told what this role may from there');
    is(sql($rows), $before, "$flow: which changes no order");

    @wrong = ();
    $connection = connection();

    for (0 .. $#moves) {
        my ($from, $to, $role) = @{ $moves[$_] };
        my $got = put_status($connection, $orders[$_], $to, $token{$role});
        my $order = decoded($got)->{order} // {};
        my $is = join ' ', $got->{code}, map { $_ // '' }
                           @$order{qw(id status version)};
        my $must = join ' ', 200, $orders[$_], $to,
                             $version{ $orders[$_] } + 1;

        push @wrong, "$from to $to by $role: $is, not $must" if $is ne $must;
    }

    is_deeply(\@wrong, [], "$flow: " . @moves . ' triples go through');
    is(sql("SELECT string_agg(concat_ws(' ', h.previous_status, h.new_status,
                                        h.source), E'\\n' ORDER BY v.n)
              FROM unnest('{" . join(',', @orders) . "}'::uuid[])
                       WITH ORDINALITY v (id, n)
              JOIN shop.orders o ON o.id = v.id
              JOIN LATERAL (SELECT * FROM shop.order_status_history
                             WHERE order_id = o.id
                             ORDER BY created_at DESC LIMIT 1) h
                ON h.new_status = o.status"),
       join("\n", map { "@$_[0, 1] " . source_of($_->[2]) } @moves),
       "$flow: with a history that says who");

    return @refused + @moves;
}


# The names of S4.
sub source_of {
    my $role = shift;

    return { customer => 'buyer', manager => 'seller' }->{$role} // $role;
}

no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: what is permitted is what the documents permit, and nothing else
--- play
prepare_orders();

is check_flow('delivery'), 5 * 5 * 5, 'delivery: every triple was tried';
is check_flow('cart'), 5 * 5 * 5, 'cart: every triple was tried';
is check_flow('shop'), 7 * 7 * 5, 'shop: every triple was tried';
is check_flow('marketplace'), 15 * 15 * 5,
    'marketplace: every triple was tried';
is sql("SELECT string_agg(s, ' ' ORDER BY s COLLATE \"C\")
          FROM (SELECT workflow || '.' || code AS s
                  FROM shop.workflow_statuses) x"),
    join(' ', sort map { my $flow = $_; map { "$flow.$_" } statuses_of($flow) }
                       qw(cart delivery marketplace shop)),
    'there are no other statuses';


=== TEST 2: a status of another workflow is none of this one
--- play
prepare_orders() if !sql("SELECT to_regproc('public.order_at')");

for (['delivery', 'completed', 'manager'], ['cart', 'preparing', 'admin'],
     ['shop', 'escrow_locked', 'system'],
     ['marketplace', 'confirmed', 'manager'])
{
    my ($flow, $to, $role) = @$_;
    my ($id) = orders_at($flow, first($flow));
    my %token = tokens_of($flow);

    is_deeply [not_refused(put_status(connection(), $id, $to, $token{$role}),
                           first($flow), allowed($flow, first($flow), $role))],
        [], "$flow: $to";
}
