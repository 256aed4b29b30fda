use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;


sub update {
    my ($id, $to, %how) = @_;

    return call('POST ' . ($how{path} // '/seller/update-order-status'),
                as => 'seller',
                form => "order_id=$id&new_status=$to", %how);
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: by form and by JSON, at both paths, by id and by number
--- play
my $id = order_id('a');
my $got = update($id, 'confirmed');

is $got->{code}, 200, 'form';
is_deeply decoded($got), { success => JSON::PP::true(), order_id => $id,
    order_number => order_number('a'), status => 'confirmed',
    status_label => 'Confirmed', version => 2 }, 'the answer';
is update($id, 'processing', form => undef, json =>
          qq({"order_id":"$id","new_status":"processing"}))->{code}, 200,
    'JSON';
is update($id, 'shipped', path => '/seller/update-status')->{code}, 200,
    'the other path';
is update(order_number('a'), 'delivered')->{code}, 200, 'by number';
is sql("SELECT string_agg(new_status, ' ' ORDER BY created_at)
          FROM shop.order_status_history
         WHERE order_id = '$id' AND changed_by = '" . user_id('seller')
       . "'"), 'confirmed processing shipped delivered', 'all in the history';


=== TEST 2: every poll after the answer shows it, on every worker, from shared memory
--- play
my $id = order_now('rw');

call("GET /api/order-status/$id", as => 'buyer') for 1 .. 3;

my $version = 1;

for my $to (qw(confirmed processing shipped delivered)) {
    is update($id, $to)->{code}, 200, $to;
    $version++;

    my @got = call_all(map { ["GET /api/order-status/$id", as => 'buyer'] }
                           1 .. 20);

    is scalar(grep { (decoded($_)->{version} // 0) != $version } @got), 0,
        "$to: all see it";
    is scalar(grep { $_->{headers}{'x-order-cache'} ne 'HIT' } @got), 0,
        "$to: all hits";
}


=== TEST 3: the refusals come in the order of S2's security flow
--- play
my $id = order_id('flow');
my $path = '/seller/update-order-status';

is_problem call("POST $path", form => 'x=1'),
    401, 'UNAUTHORIZED', '1. who is not signed in';

my $got = call("POST $path", as => 'buyer', form => '');
is_problem $got, 400, 'INVALID_INPUT', '2. what is missing';
is_deeply [map { $_->{field} } @{ decoded($got)->{errors} }],
    [qw(order_id new_status)], 'both are named';
is_problem call("POST $path", as => 'buyer', form => "order_id=$id"),
    400, 'INVALID_INPUT', '2. one of them';
is_problem call("POST $path", as => 'buyer', form =>
                'order_id=x&new_status=nonsense'),
    400, 'INVALID_INPUT', '2. an order_id that is none';

is_problem update($id, 'nonsense', as => 'buyer'),
    400, 'UNKNOWN_STATUS', '3. a status of no workflow';
is_problem update($id, 'PENDING', as => 'buyer'),
    400, 'UNKNOWN_STATUS', '3. as it is written';

for my $user (qw(buyer buyer2 manager driver)) {
    is_problem update($id, 'delivered', as => $user),
        403, 'FORBIDDEN', "4. $user";
}

$got = update($id, 'delivered');
is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', '5. not from here';
is decoded($got)->{current_status}, 'pending', 'where it is';
is_deeply decoded($got)->{allowed_transitions}, [qw(confirmed cancelled)],
    'where it may go';
is_problem update($id, 'pending'), 409, 'TRANSITION_NOT_ALLOWED',
    'to where it is';
is_problem update('00000000-0000-7000-8000-00000000dead', 'confirmed'),
    404, 'NOT_FOUND', 'no such order';

is sql("SELECT version FROM shop.orders WHERE id = '$id'"), 1,
    'nothing was changed';
is update($id, 'confirmed', as => 'admin')->{code}, 200, 'admin may';


=== TEST 4: an order that is final goes nowhere
--- play
for (qw(delivered cancelled returned)) {
    my $got = update(order_id($_, status => $_), 'confirmed');

    is_problem $got, 409, 'TRANSITION_NOT_ALLOWED', $_;
    is_deeply decoded($got)->{allowed_transitions}, [], "$_: nowhere";
}


=== TEST 5: If-Match lets a change through only where nobody was faster
--- play
my $id = order_id('match');
my $etag = call("GET /api/order-status/$id", as => 'seller')->{headers}{etag};
my ($epoch, $version, $revision) = $etag =~ /(\d+)/g;

my $match = sub {
    my ($tag, $to) = @_;
    return update($id, $to, headers => "If-Match: $tag");
};

for ('"' . ($epoch - 1) . ".$version.$revision\"", "W/$etag", 'x', '"x"',
     "\"$epoch.9.$revision\"", "\"$epoch.x.$revision\"")
{
    is_problem $match->($_, 'confirmed'), 412, 'VERSION_MISMATCH', $_;
}

is $match->($etag, 'confirmed')->{code}, 200, 'the right one';

my $got = $match->($etag, 'processing');
is_problem $got, 412, 'VERSION_MISMATCH', 'which is old then';
is decoded($got)->{version}, 2, 'the version there is';
is decoded($got)->{current_status}, 'confirmed', 'and the status';
is $match->('*', 'processing')->{code}, 200, 'any';
is $match->("\"$epoch.3.99\"", 'shipped')->{code}, 200,
    'the labels do not matter';


=== TEST 6: two sellers' changes at once: one wins, with If-Match
--- play
my $id = order_id('race');
my $etag = call("GET /api/order-status/$id", as => 'seller')->{headers}{etag};
my @got = call_all(map { ['POST /seller/update-order-status', as => 'seller',
    headers => "If-Match: $etag",
    form => "order_id=$id&new_status=$_"] } qw(confirmed cancelled) x 5);

is scalar(grep { $_->{code} == 200 } @got), 1, 'one';
is scalar(grep { $_->{code} == 412 } @got), 9, 'the others are told';


=== TEST 7: the answer is in shared memory, also for an order that no one polled
--- play
my $id = order_now('cold');

is update($id, 'confirmed')->{code}, 200, 'changed';

my $got = call("GET /api/order-status/$id", as => 'buyer');
is $got->{headers}{'x-order-cache'}, 'HIT', 'a hit';
is decoded($got)->{status}, 'confirmed', 'of the new version';
