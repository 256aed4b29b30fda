# nginx's output filters, TLS and HTTP/2 around the poll.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $path = '/api/order-status/' . order_id('a');
our $dir = File::Temp::tempdir(CLEANUP => 1);

chmod 0755, $dir;
system('openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost'
       . " -keyout $dir/key -out $dir/crt 2>/dev/null") == 0
    or die "openssl failed\n";

our $body = '^\{"order_id":".*"status":"pending".*"poll_after":30\}$';

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the answer is the same with order_direct on, auto and off
--- config
    location /api/ { order_direct on; order_api; }
    location /auto/ { rewrite ^/auto(.*)$ $1 break; order_api; }
    location /off/ {
        rewrite ^/off(.*)$ $1 break;
        order_direct off;
        order_api;
    }
--- play
my @all;
my $etag = call("GET $::path", as => 'buyer')->{headers}{etag};

ok wait_until(sub { call("GET $::path", as => 'buyer')
                        ->{headers}{'x-order-cache'} eq 'HIT' }), 'cached';

for my $tag ('x', $etag) {
    for my $place ('', '/auto', '/off') {
        my $got = call("GET $place$::path", as => 'buyer',
                       headers => "If-None-Match: $tag");
        my %headers = (%{ $got->{headers} }, date => 'now');

        push @all, join "\n", $got->{code}, $got->{body},
            map { "$_: $headers{$_}" } sort keys %headers;
    }

    is $all[-2], $all[-3], "auto, $tag";
    is $all[-1], $all[-3], "off, $tag";
}

like $all[0], qr/^200\n/, 'as a whole';
like $all[-1], qr/^304\n/, 'not modified';


=== TEST 2: add_header is in every answer, hit or not
--- config
    add_header X-Server 1;
    location /api/ {
        add_header X-Location 2 always;
        order_api;
    }
    location /server/ {
        rewrite ^/server(.*)$ $1 break;
        order_direct on;
        order_api;
    }
--- as eval
[qw(buyer buyer buyer buyer -)]
--- request eval
[("GET $::path", "GET /server$::path") x 2, "GET $::path"]
--- error_code eval
[200, 200, 200, 200, 401]
--- response_headers eval
["X-Location: 2", "X-Server: 1", "X-Location: 2", "X-Server: 1",
 "X-Location: 2"]


=== TEST 3: sub_filter sees the body
--- config
    location /api/ {
        sub_filter_types *;
        sub_filter pending waiting;
        order_api;
    }
--- as: buyer
--- request eval
[("GET $::path") x 2]
--- response_body_like eval
[('"status":"waiting"') x 2]


=== TEST 4: gzip packs it, for who takes that
--- config
    location /api/ {
        gzip on;
        gzip_min_length 1;
        gzip_types application/json;
        order_api;
    }
--- as: buyer
--- request eval
[("GET $::path") x 3]
--- more_headers eval
['Accept-Encoding: gzip', 'Accept-Encoding: gzip', '']
--- response_headers eval
['Content-Encoding: gzip', 'Content-Encoding: gzip', '!Content-Encoding']
--- response_body_like eval
["^\x1f\x8b", "^\x1f\x8b", $::body]


=== TEST 5: limit_rate holds it back, and it comes whole
--- config
    location /api/ { limit_rate 2k; order_direct on; order_api; }
--- as: buyer
--- request eval
[("GET $::path") x 2]
--- response_body_like eval
[($::body) x 2]


=== TEST 6: a range is not made of a poll that goes past the filters
--- as: buyer
--- request eval
[("GET $::path") x 2]
--- more_headers
Range: bytes=0-3
--- error_code_like eval
['^20[06]$', '^20[06]$']


=== TEST 7: TLS and HTTP/2 answer the same poll
--- http_config eval
"server {
    listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 ssl http2;
    ssl_certificate $::dir/crt;
    ssl_certificate_key $::dir/key;
    location /api/ { order_api; }
    location /direct/ {
        rewrite ^/direct(.*)\$ \$1 break;
        order_direct on;
        order_api;
    }
}"
--- play
open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/conf/nginx.conf" or die $!;
my ($port) = join('', <$in>) =~ /listen 127\.0\.0\.1:(\d+) ssl/;
my $token = token('buyer');

for my $how ('--http1.1', '--http2') {
    for my $place ('', '/direct') {
        for (1 .. 2) {
            my $got = `curl -s -k $how -i -m 10 \\
                -H 'Authorization: Bearer $token' \\
                https://127.0.0.1:$port$place$::path`;

            like $got, qr{^HTTP/(?:1\.1|2) 200}, "$how $place";
            like $got, qr/\r\nx-order-cache: (?:HIT|MISS)\r\n/i, 'the headers';
            like $got, qr/"status":"pending".*"poll_after":30\}$/, 'the body';
        }
    }
}

my $got = `curl -s -k -i -m 10 -d 'email=buyer\@example.com&password=demo' \\
    https://127.0.0.1:$port/api/auth/login`;
like $got, qr/set-cookie: order_token=[^;]+; .*; Secure\r\n/i,
    'the cookie is for TLS only';


=== TEST 8: polls on one connection, more than one buffer of them
--- play
my $on = connection();
my $bad = grep { call("GET $::path", as => 'buyer', on => $on)->{code} != 200 }
              1 .. 300;

is $bad, 0, 'all are answered';


=== TEST 9: keepalive_requests closes it in time, also past the filters
--- config
    keepalive_requests 2;
    location /api/ { order_api; }
--- play
my $on = connection();

is call("GET $::path", as => 'buyer', on => $on)->{headers}{connection},
    'keep-alive', 'the first';
is call("GET $::path", as => 'buyer', on => $on)->{headers}{connection},
    'close', 'the last';


=== TEST 10: the access log has the size and status of an answer past the filters
--- order
log_format sent '[$status $bytes_sent $body_bytes_sent]';
--- config
    access_log $TEST_NGINX_SERVROOT/logs/sent.log sent;
    location /api/ { order_direct on; order_api; }
--- play
my $got = call("GET $::path", as => 'buyer');
my $line = '';

ok wait_until(sub {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/sent.log" or return 0;
    $line = <$in> // '';
}), 'logged';
is $line, sprintf("[200 %d %d]\n", length($got->{raw}) + length $got->{body},
                  length $got->{body}), 'as it was';
