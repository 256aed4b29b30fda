# conf/log_format.conf: a line for each kind of poll, that a person or a
# machine can read.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

use Cwd qw(abs_path);
use JSON::PP ();

our $formats = abs_path('conf/log_format.conf');


# The lines of a log, when there are that many.
sub lines {
    my ($name, $count) = @_;
    my @lines;

    ok wait_until(sub {
        open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/$name" or return 0;
        @lines = <$in>;
        return @lines >= $count;
    }), "$name has a line for each";

    return @lines;
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: each kind of poll
--- order eval
"include $main::formats;"
--- config
    access_log logs/text.log order;
    access_log logs/json.log order_json;
    location /api/ { order_api; }
--- play
my $id = order_now('a');
my $buyer = user_id('buyer');
my $other = user_id('buyer2');
my $none = '00000000-0000-7000-8000-00000000dead';
my $path = '/api/order-status/';

my $got = call("GET $path$id", as => 'buyer');
call("GET $path$id", as => 'buyer');
call("GET $path$id", as => 'buyer',
     headers => "If-None-Match: $got->{headers}{etag}\n");
call("GET $path$id", as => 'buyer2');
call("GET $path$none", as => 'buyer');
call("GET $path$id");
call('GET /api/stores?x="\\%22');
call('GET /api/stores');

my @expected = (
    [200, 'MISS', qr/^0\.\d{3}$/, qr/^\d+\.\d{3}$/, $buyer, 'customer', $id],
    [200, 'HIT', qr/^\d+\.\d{3}$/, qr/^$/, $buyer, 'customer', $id],
    [304, 'HIT', qr/^\d+\.\d{3}$/, qr/^$/, $buyer, 'customer', $id],
    [403, undef, qr/^$/, qr/^$/, $other, 'customer', $id],
    [404, undef, qr/^$/, qr/^\d+\.\d{3}$/, $buyer, 'customer', $none],
    [401, '', qr/^$/, qr/^$/, '', '', undef],
    [400, '', qr/^$/, qr/^$/, '', '', ''],
    [200, '', qr/^$/, qr/^\d+\.\d{3}$/, '', '', ''],
);

my @text = main::lines('text.log', scalar @expected);
my @json = main::lines('json.log', scalar @expected);

for my $i (0 .. $#expected) {
    my ($status, $cache, $age, $db, $user, $role, $order) = @{ $expected[$i] };
    my $line = eval { JSON::PP->new->utf8->decode($json[$i]) };

    ok $line, "$status: JSON" or diag $json[$i];

    my ($seen, %text) = $text[$i] =~
        /^\S+ \[[^]]+\] "[^"]*" (\d+) \d+ \d+\.\d{3}((?: \w+=\S+){6})$/a
        ? ($1, split /[ =]/, substr $2, 1) : ();

    is $seen, $status, "$status: text" or diag $text[$i];
    $_ = $_ eq '-' ? '' : $_ for values %text;
    is_deeply [@text{qw(cache age db user role order)}],
              [@$line{qw(cache age db_time user role order)}],
              'both say the same';

    is $line->{status}, $status, 'the status';
    is $line->{cache}, $cache, 'the cache' if defined $cache;
    like $line->{age}, $age, 'the age';
    like $line->{db_time}, $db, 'the database';
    is $line->{user}, $user, 'the user';
    is $line->{role}, $role, 'the role';
    is $line->{order}, $order, 'the order' if defined $order;
    like $line->{request_time}, qr/^\d+(?:\.\d+)?$/, 'the time, a number';
}

like $json[-2], qr/"uri":"\/api\/stores\?x=\\"\\\\%22"/,
     'what a client sends does not break out';
