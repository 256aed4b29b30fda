# S3, Notification History: what was told is stored, listed, searched and
# marked as read; each caller has his own.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;


# A user with so many notifications, "no. 1" the oldest, a millisecond apart;
# the user's id.
sub told {
    my ($name, $count, $role) = @_;
    my $id = new_user($name, $role);

    notify($id, "'Title no. ' || n", "'Message'", $count);

    return $id;
}


# Title and message are expressions, for n from 1 to COUNT.
sub notify {
    my ($user, $title, $message, $count) = @_;

    sql("INSERT INTO shop.notifications (id, user_id, type, title, message)
         SELECT encode(substring(int8send(n - $count + floor(
                           extract(epoch FROM clock_timestamp()) * 1000
                       )::int8) FROM 3)
                       || substring(uuid_send(shop.uuid7()) FROM 7),
                       'hex')::uuid,
                '$user', 'order_update', $title, $message
           FROM generate_series(1, $count) n");
}


sub list {
    my ($user, $arguments) = @_;

    return call('GET /api/notifications' . ($arguments // ''), as => $user);
}


sub unread {
    return decoded(list(shift, '?limit=1'))->{unreadCount};
}


# The titles of a list, to its end.
sub titles {
    my ($user, $arguments) = @_;

    return join ', ', map { map { $_->{title} } @$_ }
        pages('/api/notifications' . ($arguments // ''), 'notifications',
              as => $user);
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: buyer and seller are told of an order and of each change
--- play
new_user('lucy');
fill_cart('lucy', 31);

my $placed = decoded(call('POST /api/place-order', as => 'lucy',
                          json => '{"payment_method":"card"}'));
my ($id, $number) = @$placed{qw(order_id order_number)};

call('POST /seller/update-order-status', as => 'seller',
     form => "order_id=$id&new_status=confirmed");

my $got = list('lucy');
my ($update, $created, @more) = @{ decoded($got)->{notifications} };

is $got->{code}, 200, 'there they are';
is scalar @more, 0, 'two, the newest first';
is_deeply $update, { id => $update->{id}, type => 'order_update',
    title => 'Order Status Updated', priority => 'medium',
    message => decoded($got)->{notifications}[0]{message}, orderId => $id,
    data => { orderId => $id, orderNumber => $number, status => 'confirmed',
              oldStatus => 'pending' },
    read => JSON::PP::false(), readAt => undef,
    createdAt => $update->{createdAt} }, 'a change';
like $update->{createdAt}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/, 'when';
like $got->{body}, qr/"message":"Order $number: ✔️ Seller confirmed!"/,
    'in words';
is join('/', @$created{qw(type title message)}),
    "order_created/Order Confirmed/Your order $number has been confirmed",
    'the order';
is decoded($got)->{unreadCount}, 2, 'none is read';
is decoded($got)->{next_cursor}, undef, 'that is all';

is join(', ', map { "$_->{type} $_->{message}" }
              grep { ($_->{orderId} // '') eq $id }
              @{ decoded(list('seller'))->{notifications} }),
    "order_update Order $number is now Confirmed, "
    . "new_order You have a new order $number", 'the seller';
is scalar(grep { ($_->{orderId} // '') eq $id }
               map { @{ decoded(list($_, '?limit=100'))->{notifications} } }
                   qw(buyer2 manager driver admin)), 0, 'and nobody else';
is_problem call('GET /api/notifications'), 401, 'UNAUTHORIZED', 'nobody';


=== TEST 2: page by page to the end, by Link and by next_cursor
--- play
told('page', 45);

for (['', 3], ['?limit=10', 5], ['?limit=45', 1], ['?limit=44', 2]) {
    my ($arguments, $count) = @$_;

    is scalar pages("/api/notifications$arguments", 'notifications',
                    as => 'page'), $count, "'$arguments': pages";
    is titles('page', $arguments),
        join(', ', map { "Title no. $_" } reverse 1 .. 45),
        "'$arguments': all, the newest first";
}

my ($cursor, @ids) = ('');

while (defined $cursor) {
    my $got = list('page', "?limit=7$cursor");
    my $next = decoded($got)->{next_cursor};

    push @ids, map { $_->{id} } @{ decoded($got)->{notifications} };
    is defined $next, defined $got->{headers}{link}, 'both, or none';
    $cursor = defined $next ? "&cursor=$next" : undef;
}

is "@ids", sql("SELECT string_agg(id::text, ' ' ORDER BY id DESC)
                  FROM shop.notifications
                 WHERE user_id = '" . user_id('page') . "'"),
    'none is left out, none is there twice';

is_problem list('page', "?$_"), 400, 'INVALID_INPUT', $_
    for qw(limit=0 limit=101 cursor=x unread=x page=1),
        'search=' . 'x' x 101;


=== TEST 3: a search finds words in title and message, in any case
--- play
my $id = told('find', 3);

notify($id, @$_, 1) for ["'Parcel'", "'It is at 100% Main_Street'"],
                      ["'PARCEL shop'", "'Für Sie'"],
                      ["'Letter'", "'in a parcel'"];

is titles('find', "?search=$_->[0]"), $_->[1], $_->[0]
    for ['parcel', 'Letter, PARCEL shop, Parcel'],
        ['PARCEL', 'Letter, PARCEL shop, Parcel'],
        ['arcel%20s', 'PARCEL shop'], ['no.%202', 'Title no. 2'],
        ['0%25%20', 'Parcel'], ['%25', 'Parcel'], ['_', 'Parcel'],
        ['f%C3%9CR', 'PARCEL shop'], ['nothing', ''], ['%27', ''],
        ['.', 'Title no. 3, Title no. 2, Title no. 1'], ['%5C', ''];
is titles('find', '?search=parcel&limit=1'), 'Letter, PARCEL shop, Parcel',
    'page by page';
like list('find', '?search=at%20100%25&limit=1')->{body}, qr/Main_Street/,
    'its argument is decoded';
like list('find', '?search=a%26l%20&limit=1')->{body},
    qr/"notifications":\[\]/, 'all of it';
is titles('buyer2', '?search=PARCEL'), '', "not in another's";


=== TEST 4: a long search goes on where it stopped
--- play
my $id = told('long', 7000);

sql("UPDATE shop.notifications SET message = 'The needle'
      WHERE user_id = '$id' AND title IN ('Title no. 1', 'Title no. 1999',
                                          'Title no. 6000')");

my $first = decoded(list('long', '?search=NEEDLE'));

is join(', ', map { $_->{title} } @{ $first->{notifications} }),
    'Title no. 6000', 'what is near';
ok defined $first->{next_cursor}, 'and more to look at';
is titles('long', '?search=NEEDLE'),
    'Title no. 6000, Title no. 1999, Title no. 1', 'to the end';
is titles('long', '?search=NEEDLE&unread=true&limit=1'),
    'Title no. 6000, Title no. 1999, Title no. 1', 'one a page';
is unread('long'), 1000, 'more than 1000 are not counted';


=== TEST 5: one is marked as read, once
--- play
my $id = told('mark', 3);
my ($third, $second) = @{ decoded(list('mark'))->{notifications} };
my $mark = sub {
    my ($which, %how) = @_;
    return call("PATCH /api/notifications/$which->{id}", as => 'mark',
                json => '{"read":true}', %how);
};

my $got = $mark->($second);
my $marked = decoded($got)->{notification};

is $got->{code}, 200, 'marked';
like $marked->{readAt}, qr/^\d{4}-\d\d-\d\dT/, 'when';
is_deeply $marked, { %$second, read => JSON::PP::true(),
                     readAt => $marked->{readAt} }, 'and nothing else';
is unread('mark'), 2, 'the others are not';
is titles('mark', '?unread=true'), 'Title no. 3, Title no. 1', 'the unread';
is titles('mark', '?unread=true&limit=1'), 'Title no. 3, Title no. 1',
    'page by page';
is titles('mark', '?unread=true&search=no.%202'), '', 'with a search';
is titles('mark', '?unread=false'), 'Title no. 3, Title no. 2, Title no. 1',
    'all of them';
is decoded($mark->($second))->{notification}{readAt}, $marked->{readAt},
    'the first time counts';
is $mark->($third, json => '{}')->{code}, 200, 'which {} means, too';
is $mark->($third, json => undef)->{code}, 200, 'and nothing at all';

$got = $mark->($third, json => '{"read":false}');
is_problem $got, 400, 'INVALID_INPUT', 'what is read stays read';
is decoded($got)->{errors}[0]{field}, 'read', 'the field';
is_problem $mark->($third, json => $_), 400, 'INVALID_INPUT', $_
    for '{"read":"maybe"}', '{"unread":true}', '[]';
is unread('mark'), 1, 'one is left';


=== TEST 6: nobody marks another's, and none that is not there
--- play
told('owner', 1);
my ($mine) = @{ decoded(list('owner'))->{notifications} };
my $path = "PATCH /api/notifications/$mine->{id}";

is_problem call($path, as => $_, json => '{}'), 403, 'FORBIDDEN', $_
    for qw(buyer seller driver admin);
is_problem call($path, json => '{}'), 401, 'UNAUTHORIZED', 'nobody';
is_problem call('PATCH /api/notifications/00000000-0000-7000-8000-'
                . '00000000dead', as => 'owner', json => '{}'),
    404, 'NOT_FOUND', 'none';
is_problem call('PATCH /api/notifications/1', as => 'owner', json => '{}'),
    400, 'INVALID_INPUT', 'no id';
is unread('owner'), 1, 'it is not read';


=== TEST 7: all are marked as read, and later ones are not
--- play
my $id = told('all', 30, 'driver');
told('else', 2);
my ($first) = @{ decoded(list('all'))->{notifications} };

call("PATCH /api/notifications/$first->{id}", as => 'all', json => '{}');
my ($before) = @{ decoded(list('all'))->{notifications} };

my $got = call('POST /api/notifications/read-all', as => 'all');

is $got->{code}, 200, 'marked';
is $got->{body}, '{"success":true}', 'in few words';
is unread('all'), 0, 'none is unread';
is titles('all', '?unread=true'), '', 'none is listed as such';

my @all = map { @$_ } pages('/api/notifications', 'notifications',
                            as => 'all');
is scalar(grep { $_->{read} && $_->{readAt} } @all), 30, 'all are read';
is $all[0]{readAt}, $before->{readAt}, 'what was read keeps its time';
is unread('else'), 2, "another's are not";

notify($id, "'Later'", "'Message'", 1);

is unread('all'), 1, 'a later one is not';
is titles('all', '?unread=true'), 'Later', 'which is listed';

call('POST /api/notifications/read-all', as => 'all') for 1 .. 2;
is unread('all'), 0, 'until the next time';

new_user('none');
is call('POST /api/notifications/read-all', as => 'none')->{code}, 200,
    'who was told nothing may do it, too';
is list('none')->{body}, '{"notifications":[],"unreadCount":0,'
    . '"next_cursor":null}', 'an empty list';
is_problem call('POST /api/notifications/read-all'), 401, 'UNAUTHORIZED',
    'nobody';
