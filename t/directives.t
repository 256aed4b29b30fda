# Wrong configurations, and what nginx says to them.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $keys = OrderTest::key_dir();
our $dir = File::Temp::tempdir(CLEANUP => 1);
our $key = "order_jwt_key $keys/hs256.key alg=HS256;";
our $zone = 'order_zone orders:1m;';
our $db = 'order_database "' . OrderTest::conninfo() . '";';

chmod 0755, $dir;

for (['short.key', 'x' x 31], ['empty.key', ''], ['password', "hush-hush\n"],
     ['empty.password', "\n"])
{
    open my $out, '>', "$dir/$_->[0]" or die $!;
    print $out $_->[1];
    close $out;
}

system("openssl genrsa -out $dir/small.pem 1024 2>/dev/null;"
       . "openssl rsa -in $dir/small.pem -pubout -out $dir/small.pub.pem"
       . ' 2>/dev/null') == 0 or die "openssl failed\n";

our $api = 'location /api/ { order_api; }';

# Each block is one wrong "http", with its part of the message.
add_block_preprocessor(sub {
    my $block = shift;

    return if !defined $block->wrong;

    $block->set_value(order => 'off');
    $block->set_value(http_config => join "\n", eval $block->wrong);
    die $@ if $@;
    $block->set_value(config => $::api) if !defined $block->config;
    $block->set_value(must_die => 1);
});

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: order_zone has a size
--- wrong: 'order_zone orders;'
--- error_log
[emerg]
order_zone: "orders" is not name:size


=== TEST 2: which is one
--- wrong: 'order_zone orders:lots;'
--- error_log
order_zone: invalid size "lots"


=== TEST 3: and large enough
--- wrong: 'order_zone orders:100k;'
--- error_log
order_zone "orders" is too small


=== TEST 4: for tokens, too
--- wrong: 'order_zone orders:1m tokens=10k;'
--- error_log
order_zone "orders" is too small


=== TEST 5: with tokens= as its only parameter
--- wrong: 'order_zone orders:1m token=1m;'
--- error_log
order_zone: invalid parameter "token=1m"


=== TEST 6: tokens= takes a size
--- wrong: 'order_zone orders:1m tokens=;'
--- error_log
order_zone: invalid size ""


=== TEST 7: there is one zone
--- wrong: $::zone, $::zone
--- error_log
"order_zone" directive is duplicate


=== TEST 8: it is of "http"
--- wrong: $::zone, $::db, $::key
--- config
order_zone orders:1m;
--- error_log
"order_zone" directive is not allowed here


=== TEST 9: order_database takes no password in its connection string
--- wrong: $::zone, 'order_database "host=127.0.0.1 password=hush-hush";', $::key
--- error_log
a password must not be in it, use password_file=
--- no_error_log
hush-hush


=== TEST 10: nor a parameter that PostgreSQL does not know
--- wrong: $::zone, 'order_database "host=127.0.0.1 hots=x";', $::key
--- error_log
invalid connection option "hots" in "order_database"


=== TEST 11: nor one that the directive does not know
--- wrong: $::zone, 'order_database "host=127.0.0.1" pool=4;', $::key
--- error_log
order_database: invalid parameter "pool=4"


=== TEST 12: nor a wrong value of one
--- wrong: $::zone, 'order_database "host=127.0.0.1" timeout=soon;', $::key
--- error_log
order_database: invalid parameter "timeout=soon"


=== TEST 13: nor no connections at all
--- wrong: $::zone, 'order_database "host=127.0.0.1" connections=0;', $::key
--- error_log
order_database: invalid parameter "connections=0"


=== TEST 14: a host that is not known
--- wrong: $::zone, 'order_database "host=no-such-host.invalid";', $::key
--- error_log
host not found in host "no-such-host.invalid" of "order_database"


=== TEST 15: a password file that is not there
--- wrong: $::zone, 'order_database "host=127.0.0.1" password_file=' . "$::dir/none;", $::key
--- error_log eval
qr/order_database: open\(\) "$::dir\/none" failed \(2: No such file/


=== TEST 16: or has none
--- wrong: $::zone, 'order_database "host=127.0.0.1" password_file=' . "$::dir/empty.password;", $::key
--- error_log eval
"order_database: there is no password in \"$::dir/empty.password\""


=== TEST 17: there is one database
--- wrong: $::db, $::db
--- error_log
"order_database" directive is duplicate


=== TEST 18: order_jwt_key has an algorithm
--- wrong: $::zone, $::db, "order_jwt_key $::keys/hs256.key kid=x;"
--- error_log eval
qr/order_jwt_key: ".*hs256\.key" has no alg=/


=== TEST 19: which is known
--- wrong: $::zone, $::db, "order_jwt_key $::keys/hs256.key alg=HS1;"
--- error_log eval
qr/unknown algorithm "HS1" of key ".*hs256\.key"/


=== TEST 20: and is not none
--- wrong: $::zone, $::db, "order_jwt_key $::keys/hs256.key alg=none;"
--- error_log
unknown algorithm "none"


=== TEST 21: its file is there
--- wrong: $::zone, $::db, 'order_jwt_key none.key alg=HS256;'
--- error_log eval
qr/open\(\) ".*none\.key" failed \(2: No such file/


=== TEST 22: a secret has 32 bytes
--- wrong: $::zone, $::db, "order_jwt_key $::dir/short.key alg=HS256;"
--- error_log eval
qr/key ".*short\.key" cannot be used for HS256: it has less than 32 bytes/


=== TEST 23: a public key is no secret
--- wrong: $::zone, $::db, "order_jwt_key $::keys/es256.pub.pem alg=HS256;"
--- error_log
it is a PEM file, not a secret


=== TEST 24: an RSA key has 2048 bits
--- wrong: $::zone, $::db, "order_jwt_key $::dir/small.pub.pem alg=RS256;"
--- error_log
it has less than 2048 bits


=== TEST 25: a key is of its algorithm's kind
--- wrong: $::zone, $::db, "order_jwt_key $::keys/es256.pub.pem alg=RS256;"
--- error_log
it is a key of another kind


=== TEST 26: and has no other parameters
--- wrong: $::zone, $::db, "order_jwt_key $::keys/hs256.key alg=HS256 use=sig;"
--- error_log
order_jwt_key: invalid parameter "use=sig"


=== TEST 27: order_api needs a zone
--- wrong: $::db, $::key
--- error_log
"order_api" needs an "order_zone"


=== TEST 28: and a database
--- wrong: $::zone, $::key
--- error_log
"order_api" needs an "order_database"


=== TEST 29: and a key
--- wrong: $::zone, $::db
--- error_log
"order_api" needs an "order_jwt_key"


=== TEST 30: it stands in a location
--- wrong: $::zone, $::db, $::key, 'order_api;'
--- error_log
"order_api" directive is not allowed here


=== TEST 31: once
--- wrong: $::zone, $::db, $::key
--- config
location /api/ { order_api; order_api; }
--- error_log
"order_api" directive is duplicate


=== TEST 32: without arguments
--- wrong: $::zone, $::db, $::key
--- config
location /api/ { order_api on; }
--- error_log
invalid number of arguments in "order_api" directive


=== TEST 33: order_direct has three values
--- wrong: $::zone, $::db, $::key, 'order_direct maybe;'
--- error_log
invalid value "maybe"


=== TEST 34: order_intercept_errors is on or off
--- wrong: $::zone, $::db, $::key, 'order_intercept_errors yes;'
--- error_log
invalid value "yes" in "order_intercept_errors" directive, it must be "on" or "off"


=== TEST 35: order_stale is a time
--- wrong: $::zone, $::db, $::key, 'order_stale long;'
--- error_log
"order_stale" directive invalid value


=== TEST 36: order_missing is one, given once
--- wrong: $::zone, $::db, $::key, 'order_missing 1s; order_missing 2s;'
--- error_log
"order_missing" directive is duplicate


=== TEST 37: order_feed_timeout is, too
--- wrong: $::zone, $::db, $::key, 'order_feed_timeout 1s; order_feed_timeout 1s;'
--- error_log
"order_feed_timeout" directive is duplicate


=== TEST 38: order_jwt_issuer, _audience, _leeway and _lifetime: once
--- wrong: $::zone, $::db, $::key, 'order_jwt_leeway 1s; order_jwt_leeway 1s;'
--- error_log
"order_jwt_leeway" directive is duplicate


=== TEST 39: a leeway is a time
--- wrong: $::zone, $::db, $::key, 'order_jwt_leeway much;'
--- error_log
"order_jwt_leeway" directive invalid value


=== TEST 40: what is set in "http" holds for a server, and there for a location, unless it is set anew
--- order
order_missing 1s;
order_feed_timeout 1s;
order_stale 1m;
order_direct auto;
order_intercept_errors off;
order_jwt_issuer x;
--- config
    order_jwt_lifetime 10s;
    order_stale 2m;
    order_direct off;
    location /api/ {
        order_jwt_leeway 5s;
        order_intercept_errors on;
        location /api/order-status/ {
            order_stale 3m;
            order_direct on;
            order_api;
        }
        location /api/auth/ { order_api; }
    }
--- as eval
['buyer', '-']
--- request eval
['GET /api/order-status/' . order_id('a'),
 "POST /api/auth/login\n" . '{"email":"buyer@example.com","password":"demo"}']
--- error_code eval
[401, 200]
--- response_body_like eval
['INVALID_TOKEN', '"expires_in":10,']


=== TEST 41: secrets are neither in nginx -T nor in the log at debug level
--- order: off
--- http_config eval
my $conninfo = OrderTest::conninfo();
"order_zone orders:1m; $::key
order_database \"$conninfo\" password_file=$::dir/password;"
--- as: buyer
--- play
my $secret = do { open my $in, '<', "$::keys/hs256.key" or die $!; <$in> };
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $conf = "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf";

local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
my $text = `$nginx -T -e stderr -c $conf -p $ENV{TEST_NGINX_SERVROOT} 2>&1`;

like $text, qr/order_database/, 'nginx -T';
unlike $text, qr/\Q$secret\E|hush-hush/, 'shows no secret';

call('POST /api/auth/login', json =>
     '{"email":"buyer@example.com","password":"swordfish"}');
call('GET /api/order-status/' . order_id('a'), as => 'buyer');

open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die $!;
is scalar(grep { /\Q$secret\E|hush-hush|swordfish/ } <$in>), 0,
    'nor does the log';


=== TEST 42: order_cookie_secure has three values
--- wrong: $::zone, $::db, $::key, 'order_cookie_secure maybe;'
--- error_log
invalid value "maybe"


=== TEST 43: order_replica has messages of its own
--- wrong: $::zone, $::db, 'order_replica "host=127.0.0.1 hots=x";', $::key
--- error_log
invalid connection option "hots" in "order_replica"


=== TEST 44: and a parameter, shorter than the time limit
--- wrong: $::zone, $::db, 'order_replica "host=127.0.0.1" wait=2s;', $::key
--- error_log
order_replica: "wait" must be shorter than "timeout"


=== TEST 45: which order_database has not
--- wrong: $::zone, 'order_database "host=127.0.0.1" wait=1s;', $::key
--- error_log
order_database: invalid parameter "wait=1s"


=== TEST 46: it is not there twice
--- wrong: $::db, ('order_replica "host=127.0.0.1";') x 2
--- error_log
"order_replica" directive is duplicate


=== TEST 47: nor without a database
--- wrong: $::zone, 'order_replica "host=127.0.0.1";', $::key
--- error_log
"order_replica" needs an "order_database"


=== TEST 48: order_metrics needs a zone
--- wrong: $::db
--- config
location = /metrics { order_metrics; }
--- error_log
"order_metrics" needs an "order_zone"


=== TEST 49: and a database
--- wrong: $::zone
--- config
location = /metrics { order_metrics; }
--- error_log
"order_metrics" needs an "order_database"


=== TEST 50: it stands in a location
--- wrong: $::zone, $::db, 'order_metrics;'
--- error_log
"order_metrics" directive is not allowed here


=== TEST 51: once
--- wrong: $::zone, $::db
--- config
location = /metrics { order_metrics; order_metrics; }
--- error_log
"order_metrics" directive is duplicate


=== TEST 52: without arguments
--- wrong: $::zone, $::db
--- config
location = /metrics { order_metrics on; }
--- error_log
invalid number of arguments in "order_metrics" directive


=== TEST 53: order_health ready needs a zone
--- wrong: $::db
--- config
location = /ready { order_health ready; }
--- error_log
"order_health ready" needs an "order_zone"


=== TEST 54: and a database
--- wrong: $::zone
--- config
location = /ready { order_health ready; }
--- error_log
"order_health ready" needs an "order_database"


=== TEST 55: order_health has two values
--- wrong: $::zone, $::db
--- config
location = /ready { order_health on; }
--- error_log
order_health: "on" is neither "live" nor "ready"


=== TEST 56: one of them
--- wrong: $::zone, $::db
--- config
location = /ready { order_health live; order_health ready; }
--- error_log
"order_health" directive is duplicate


=== TEST 57: it stands in a location
--- wrong: $::zone, $::db, 'order_health live;'
--- error_log
"order_health" directive is not allowed here


=== TEST 58: order_health live needs nothing
--- order: off
--- config
location = /live { order_health live; }
--- request
GET /live
--- response_body chomp
{"status":"live"}


=== TEST 59: the feed runs for order_metrics and order_health alone
--- order: off
--- http_config eval: "$::zone $::db"
--- config
location = /metrics { order_metrics; }
location = /ready { order_health ready; }
--- play
ok wait_until(sub { call('GET /ready')->{code} == 200 }), 'ready';
like call('GET /metrics')->{body}, qr/^nginx_order_feed_up 1$/m, 'it is up';
