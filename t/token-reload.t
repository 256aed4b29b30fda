# Keys that come and go with a reload.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderToken;
use Test::Nginx::Socket;

our $keys = OrderTest::key_dir();
our $dir = File::Temp::tempdir(CLEANUP => 1);
our $poll = 'GET /api/order-status/' . order_id('a');

for (qw(old new)) {
    open my $out, '>', "$dir/$_.key" or die $!;
    print $out $_ x 16;
    close $out;
}


sub poll_with {
    my $token = shift;

    return call($poll, headers => "Authorization: Bearer $token");
}


sub token_of {
    my $name = shift;

    return OrderToken::sign("$dir/$name.key", $name, user_id('buyer'),
                            'customer', 600);
}

master_on();
workers(2);
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a token of a removed key is refused after a reload, although it was remembered
--- order eval
"order_jwt_key $::dir/old.key alg=HS256 kid=old;"
--- play
my ($old, $new) = (token_of('old'), token_of('new'));

is poll_with($old)->{code}, 200, 'the old key is good' for 1 .. 10;
is_problem poll_with($new), 401, 'INVALID_TOKEN', 'the new one not yet';

reload(sub { s/old\.key alg=HS256 kid=old/new.key alg=HS256 kid=new/ });

is_problem poll_with($old), 401, 'INVALID_TOKEN', 'the old key is gone'
    for 1 .. 10;
is poll_with($new)->{code}, 200, 'the new one is there';
is poll_with(token('buyer'))->{code}, 200, 'the third goes on';

my $hit = poll_with($new)->{headers}{'x-order-cache'};
is $hit, 'HIT', 'the orders were kept';


=== TEST 2: another secret under the same kid is another key
--- order eval
"order_jwt_key $::dir/old.key alg=HS256 kid=old;"
--- play
my $old = token_of('old');

is poll_with($old)->{code}, 200, 'remembered' for 1 .. 10;

reload(sub { s/old\.key/new.key/ });

is_problem poll_with($old), 401, 'INVALID_TOKEN', 'refused' for 1 .. 10;


=== TEST 3: a location that asks for more does not take what another has remembered
--- config eval
'   location /api/ { order_api; }
    location /other/ {
        order_jwt_audience other;
        rewrite ^/other(.*)$ $1 break;
        order_api;
    }
    location /keys/ {
        order_jwt_key ' . "$::dir/new.key" . ' alg=HS256 kid=x;
        rewrite ^/keys(.*)$ $1 break;
        order_api;
    }'
--- play
my $token = token('buyer');

is poll_with($token)->{code}, 200, 'remembered' for 1 .. 6;

for my $place (qw(other keys)) {
    my ($path) = $::poll =~ m{GET (.*)};

    is_problem call("GET /$place$path", as => 'buyer'),
        401, 'INVALID_TOKEN', "not in /$place" for 1 .. 4;
}
