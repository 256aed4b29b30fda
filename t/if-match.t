# If-Match, at every route that changes an order: which these are, the OpenAPI
# document tells.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

my $json = sub {
    my $text = shift;
    return sub { return (json => $text) };
};
my $form = sub {
    return (form => "order_id=$_[0]&new_status=confirmed");
};

# who changes a pending order there, and the body that does
our %matched = (
    'PUT /api/orders/{order_id}' =>
        ['seller', $json->('{"status":"confirmed","discountAmount":1}')],
    'PUT /api/orders/{order_id}/status' =>
        ['seller', $json->('{"status":"confirmed"}')],
    'PATCH /orders/{order_id}' =>
        ['buyer', $json->('{"notes":"Ring twice"}')],
    'PATCH /api/orders/{order_id}' =>
        ['seller', $json->('{"status":"confirmed"}')],
    'PATCH /orders/{order_id}/cancel' => ['buyer', $json->('{}')],
    'PATCH /api/orders/{order_id}/cancel' =>
        ['seller', $json->('{"reason":"Sold out"}')],
    'DELETE /orders/{order_id}' => ['admin', sub { }],
    'DELETE /api/orders/{order_id}' => ['admin', sub { }],
    'POST /seller/update-order-status' => ['seller', $form],
    'POST /seller/update-status' => ['seller', $form],
    'PUT /api/manager/orders/{order_id}' =>
        ['seller', $json->('{"status":"confirmed"}')],
);


sub ordered {
    return order_id('match ' . our $orders++, @_);
}


# The arguments of call(): a change of that order, with that tag.
sub change {
    my ($name, $id, $tag, %how) = @_;
    my ($user, $body) = @{ $matched{$name} };

    return ($name =~ s/\{order_id\}/$id/r, as => $user, $body->($id),
            headers => defined $tag ? "If-Match: $tag" : undef, %how);
}


sub tag_of {
    return call("GET /api/order-status/$_[0]", as => 'admin')
           ->{headers}{etag};
}


# All of an order, and how much has been said of it.
sub all_of {
    my $id = shift;

    return sql("SELECT o, (SELECT count(*) FROM shop.order_status_history
                            WHERE order_id = o.id)
                  FROM shop.orders o WHERE id = '$id'");
}


# What the document tells of the routes with that flag.
sub flagged {
    my $flag = shift;
    my $paths = decoded(call('GET /api/openapi.json'))->{paths};

    return { map {
        my $path = $_;
        map { (uc($_) . " $path" => 1) }
            grep { grep { $_ eq $flag } @{ $paths->{$path}{$_}{'x-flags'} } }
            keys %{ $paths->{$path} };
    } keys %$paths };
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: these are all that change an order on a condition
--- play
is_deeply [sort keys %{ flagged('matched') }], [sort keys %::matched],
    'each is tested here';


=== TEST 2: the present tag goes through, and the answer has the new one
--- play
my $tagged = flagged('tagged');

for my $name (sort keys %::matched) {
    my $id = ordered();
    my $old = tag_of($id);
    my $got = call(change($name, $id, $old));
    my $gone = $name =~ /^DELETE/;

    is $got->{code}, $gone ? 204 : 200, "$name: done";
    is call("GET /api/order-status/$id", as => 'admin')->{code}, 404,
        "$name: gone" if $gone;
    next if $gone;

    my $new = tag_of($id);
    isnt $new, $old, "$name: another tag";
    is $got->{headers}{etag}, $tagged->{$name} ? $new : undef,
        "$name: which the answer has";

    next if !$tagged->{$name};
    is $got->{headers}{'cache-control'}, 'private, no-cache',
        "$name: for its reader only";
    is call("GET $_/$id", as => 'admin',
            headers => "If-None-Match: $got->{headers}{etag}")->{code}, 304,
        "$name: $_ need not be read again"
        for '/api/order-status', '/orders', '/api/orders';
}


=== TEST 3: an old one is told what there is, and changes nothing
--- play
for my $name (sort keys %::matched) {
    my $id = ordered();
    my $old = tag_of($id);

    call("PATCH /orders/$id", as => 'buyer', json => '{"notes":"Changed"}');

    my $before = all_of($id);
    my $got = call(change($name, $id, $old));

    is_problem $got, 412, 'VERSION_MISMATCH', "$name: too late";
    is_deeply [@{ decoded($got) }{qw(version current_status canRetry)}],
        [2, 'pending', JSON::PP::true()], "$name: what there is";
    is all_of($id), $before, "$name: nothing was changed";
    is_seen $id, 'buyer', 'pending', 2, "$name: nor in any poll";
    is call(change($name, $id, tag_of($id)))->{code} =~ s/204/200/r, 200,
        "$name: with the new one it is done";
}


=== TEST 4: any version will do for "*", and without a condition
--- play
for my $name (sort keys %::matched) {
    for my $tag ('*', undef) {
        my $id = ordered();

        call("PATCH /orders/$id", as => 'buyer', json => '{"notes":"New"}');
        is call(change($name, $id, $tag))->{code} =~ s/204/200/r, 200,
            "$name: " . ($tag // 'none');
    }
}


=== TEST 5: a tag that is weak, foreign or of the past matches nothing
--- play
for my $name (sort keys %::matched) {
    my $id = ordered();
    my $before = all_of($id);
    my $tag = tag_of($id);
    my ($epoch, $version, $labels) = $tag =~ /(\d+)/g;
    my $earlier = $epoch - 1;

    for (["W/$tag", 'weak'], ['"x"', 'foreign'], ['x', 'no tag'],
         ['""', 'empty'], ["$epoch.$version.$labels", 'not quoted'],
         ["\"$earlier.$version.$labels\"", 'an earlier epoch'],
         ["\"$epoch.2.$labels\"", 'a version to come'],
         ["\"$epoch.0.$labels\"", 'a version that never was'],
         ["\"$epoch.99999999999.$labels\"", 'too large'],
         ["\"$epoch.-1.$labels\"", 'negative'],
         ["\"$epoch.1x.$labels\"", 'not a number'],
         ["\"$epoch\"", 'one part'], ["\"$epoch.$version\"", 'two parts'])
    {
        is_problem call(change($name, $id, $_->[0])), 412,
            'VERSION_MISMATCH', "$name: $_->[1]";
    }

    is_problem call(change($name, $id, '"' . 'x' x 254 . '"')), 400,
        'INVALID_INPUT', "$name: too long";
    is all_of($id), $before, "$name: nothing was changed";
}


=== TEST 6: who may not, and who asks for nothing, is told that
--- play
my $tag = '"1.99.1"';
my $unknown = '00000000-0000-7000-8000-00000000dead';

for my $name (sort keys %::matched) {
    my $id = ordered();
    my $present = tag_of($id);
    my $theirs = $name =~ m{/manager/};

    $tag = $present =~ s/\.1\./.99./r;

    is_problem call(change($name, $unknown, $present)),
        $theirs ? (403, 'FORBIDDEN') : (404, 'NOT_FOUND'),
        "$name: no such order";

    for my $user (qw(buyer2 manager driver)) {
        my $got = call(change($name, $id, $tag, as => $user));

        is_problem $got, 403, 'FORBIDDEN', "$name: $user";
        ok !exists decoded($got)->{version}, "$name: $user, nothing is told";
    }

    is_problem call(change($name, $id, $tag, as => undef)), 401,
        'UNAUTHORIZED', "$name: nobody";
    is_seen $id, 'buyer', 'pending', 1, "$name: as it was";
}


=== TEST 7: of several with the same tag at once one goes through
--- play
my @names = grep { !/^DELETE/ } sort keys %::matched;

for my $round (1 .. 3) {
    my $id = ordered();
    my $tag = tag_of($id);
    my @got = call_all(map { [change($_, $id, $tag)] } @names, @names);

    is scalar(grep { $_->{code} == 200 } @got), 1, "$round: one";
    is scalar(grep { $_->{code} == 412 } @got), 2 * @names - 1,
        "$round: the others are told";
    is sql("SELECT version FROM shop.orders WHERE id = '$id'"), 2,
        "$round: one change";
}
