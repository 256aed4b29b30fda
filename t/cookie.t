# The token in the cookie that login sets.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $dir = File::Temp::tempdir(CLEANUP => 1);

chmod 0755, $dir;
system('openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost'
       . " -keyout $dir/key -out $dir/crt 2>/dev/null") == 0
    or die "openssl failed\n";

our $cookie = 'Cookie: a=b; order_token=' . token('buyer') . '; c=d';
our $post = "POST /cart-items\n" . '{"product_id":"' . product_id(31)
            . '","quantity":1}';
our $poll = 'GET /api/order-status/' . order_id('a');

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: it is as good as the header, to read
--- request eval
[$::poll, 'GET /cart-items', $::poll]
--- more_headers eval
[$::cookie, "$::cookie\nOrigin: http://evil.example",
 "$::cookie\nSec-Fetch-Site: cross-site"]
--- response_body_like eval
['"status":"pending"', '^\[', '"status":"pending"']


=== TEST 2: a change must come from the same origin
--- request eval
[($::post) x 8]
--- more_headers eval
[map { "$::cookie\nContent-Type: application/json\n$_" }
 '', 'Origin: http://evil.example', 'Origin: null',
 'Origin: http://localhost.evil.example', 'Origin: http://localhos',
 'Origin: localhost', "Origin: http://localhost\nSec-Fetch-Site: cross-site",
 "Origin: http://localhost\nSec-Fetch-Site: same-site"]
--- problem
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN


=== TEST 3: which Origin or Sec-Fetch-Site shows
--- request eval
[($::post) x 3]
--- more_headers eval
[map { "$::cookie\nContent-Type: application/json\n$_" }
 'Origin: http://localhost', 'Origin: https://LOCALHOST',
 "Sec-Fetch-Site: same-origin"]
--- error_code eval
[201, 201, 201]


=== TEST 4: every change, whatever its method
--- request eval
my $id = '00000000-0000-7000-8000-000000000000';
["PATCH /cart-items/$id\n{\"quantity\":1}", "DELETE /cart-items/$id",
 "POST /api/place-order\n{\"payment_method\":\"card\"}",
 "POST /seller/update-order-status\n{}"]
--- more_headers eval
[($::cookie) x 4]
--- problem
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN
403 CROSS_ORIGIN


=== TEST 5: the header wins over the cookie, also when it is wrong
--- request eval
[$::poll, $::poll, $::post]
--- more_headers eval
["$::cookie\nAuthorization: Bearer x",
 "Cookie: order_token=x\nAuthorization: Bearer " . token('buyer'),
 "$::cookie\nAuthorization: Bearer " . token('buyer')]
--- problem
401 INVALID_TOKEN
200
201


=== TEST 6: a wrong or empty cookie is not a right one
--- request eval
[($::poll) x 3]
--- more_headers eval
['Cookie: order_token=x', 'Cookie: order_token=',
 'Cookie: xorder_token=' . token('buyer')]
--- problem
401 INVALID_TOKEN
401 UNAUTHORIZED
401 UNAUTHORIZED


=== TEST 7: a token in the URL is none
--- request eval
["$::poll?access_token=" . token('buyer'),
 "$::poll?token=" . token('buyer')]
--- problem
401 UNAUTHORIZED
401 UNAUTHORIZED


=== TEST 8: it is for TLS only where order_cookie_secure says so
--- config
    order_cookie_secure on;
    location /api/ { order_api; }
    location /api/auth/logout { order_cookie_secure off; order_api; }
    location /plain/ {
        order_cookie_secure off;
        rewrite ^/plain(.*)$ $1 break;
        order_api;
    }
--- play
my $login = '{"email":"buyer@example.com","password":"demo"}';
my $cookie = sub { call(@_)->{headers}{'set-cookie'} };

like $cookie->('POST /api/auth/login', json => $login),
    qr/; Max-Age=3600; Secure\z/, 'on: also where the balancer ends TLS';
like $cookie->('POST /plain/api/auth/login', json => $login),
    qr/; Max-Age=3600\z/, 'off, in a location';
like $cookie->('POST /api/auth/logout'), qr/; Max-Age=0\z/, 'of logout, too';


=== TEST 9: off holds over TLS
--- http_config eval
"server {
    listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 ssl;
    ssl_certificate $::dir/crt;
    ssl_certificate_key $::dir/key;
    location /api/ { order_api; }
    location /plain/ {
        order_cookie_secure off;
        rewrite ^/plain(.*)\$ \$1 break;
        order_api;
    }
}"
--- play
open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) ssl/;

for (['', '; Secure'], ['/plain', '']) {
    my ($place, $end) = @$_;
    my $got = `curl -s -k -i -m 10 -d 'email=buyer\@example.com&password=demo' \\
        https://127.0.0.1:$port$place/api/auth/login`;

    like $got, qr/set-cookie: order_token=[^;]+; [^\r]*Max-Age=3600$end\r\n/i,
        "auto$place: '$end'";
}
