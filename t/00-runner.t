# The runner of the suites is as the real one where they meet: this passes
# under both.

use strict;
use warnings;

use lib 't/lib';

BEGIN {
    # needs no database and no module
    $ENV{TEST_NGINX_LOAD_MODULES} = '';
    $ENV{TEST_RUNNER_WORD} = 'from the environment';
}

use OrderTest ();
use Test::Nginx::Socket;

env_to_nginx('TEST_RUNNER_WORD');
repeat_each(2);
no_shuffle();

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value(order => 'off');
    $block->set_value(config => '') if !defined $block->config;
});

plan tests => repeat_each() * 77;

run_tests();

__DATA__

=== TEST 1: a request line and the answer's code, body and headers
--- config
    location = /a {
        add_header X-A "1 $request_method";
        return 200 "hello $http_host $http_connection";
    }
--- request
GET /a
--- response_body chomp
hello localhost close
--- response_headers
X-A: 1 GET
!X-B
Content-Type: text/plain
--- raw_response_headers_like: ^HTTP/1\.1 200 OK\r\n
--- raw_response_headers_unlike: X-C


=== TEST 2: the code is 200 unless the block says otherwise
--- request
GET /absent
--- error_code: 404
--- error_log
No such file


=== TEST 3: a body has its length and is trimmed
--- config
    location = /b {
        return 200 "$http_content_length $request_method $http_x_y";
    }
--- request
POST /b HTTP/1.1
{"a": 1}

--- more_headers
X-Y: z
--- response_body chomp
8 POST z


=== TEST 4: eval, and several requests with what is expected of each
--- config
    location /c { return 200 "$request_uri $http_x_n"; }
    location /d { return 403; }
--- request eval
["GET /c1", "GET /d", "GET /c2"]
--- more_headers eval
["X-N: one", "", "X-N: two"]
--- error_code eval
[200, 403, 200]
--- response_body_like eval
["^/c1 one\$", "403 Forbidden", "^/c2 two\$"]
--- response_headers_like eval
["Content-Type: text/p.*n", "Content-Type: text/html", "Content-Length: \\d"]


=== TEST 5: pipelined requests
--- config
    location /e { return 200 "$request_uri"; }
--- pipelined_requests eval
["GET /e1", "GET /e2"]
--- response_body eval
["/e1", "/e2"]


=== TEST 6: a raw request is sent as it stands
--- config
    location /f { return 204; }
--- raw_request eval
"GET /f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
--- error_code: 204


=== TEST 7: a raw request in pieces
--- config
    location /f { return 200 "$arg_a"; }
--- raw_request eval
["GET /f?a=", "long HTTP/1.1\r\nHost: x\r\n", "Connection: close\r\n\r\n"]
--- raw_request_middle_delay: 0.01
--- response_body chomp
long


=== TEST 8: chunks are put together
--- config
    location /g {
        add_before_body /g1;
        return 200 "";
    }
    location = /h.html { add_before_body /g1; }
    location = /g1 { return 200 "before "; }
--- user_files
>>> h.html
the file
--- request
GET /h.html
--- response_body
before the file
--- response_headers
Transfer-Encoding: chunked


=== TEST 9: HEAD has no body
--- config
    location /i { return 200 "something"; }
--- request
HEAD /i
--- response_body chomp
--- response_headers
Content-Length: 9


=== TEST 10: files, and names from the environment
--- http_config
    server {
        listen $TEST_NGINX_RAND_PORT_1;
        location / { root $TEST_NGINX_SERVROOT/html; }
    }
--- config
    location /j { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- user_files
>>> j/k.txt
one
two
>>> j/l.txt 201101010000
three
--- request eval
["GET /j/k.txt", "GET /j/l.txt"]
--- response_body eval
["one\ntwo\n", "three\n"]


=== TEST 11: main_config, and an environment for nginx
--- main_config
    worker_rlimit_nofile 512;
--- config
    location /m { return 200 "$pid"; }
--- request
GET /m
--- response_body_unlike: ^\s*$
--- no_error_log
[alert]
[crit]


=== TEST 12: a line of the log, as text and as an expression
--- config
    location /n { return 444; }
--- raw_request eval
"GET /n/../../.. HTTP/1.1\r\nHost: x\r\n\r\n"
--- error_code: 400
--- error_log eval
["client sent invalid request", qr/\[info\] .* invalid request while/]
--- no_error_log eval
qr/\[(?:error|crit)\]/
--- grep_error_log eval
qr/client sent \w+ request/
--- grep_error_log_out
client sent invalid request


=== TEST 13: a wrong configuration dies, and says why
--- config
    no_such_directive on;
--- must_die
--- error_log
unknown directive "no_such_directive"


=== TEST 14: with that exit code
--- config
    listen nonsense:0:0;
--- must_die: 1
--- error_log
[emerg]


=== TEST 15: a client that goes away
--- config
    location /o { limit_rate 1; return 200 "slowly"; }
--- request
GET /o
--- timeout: 100ms
--- abort
--- ignore_response
--- wait: 0.05


=== TEST 16: a part that nobody runs
--- SKIP
--- config
    nonsense;
--- request
GET /


=== TEST 17: a condition, and the number of tests it stands for
--- skip_eval: 3: 1
--- request
GET /


=== TEST 18: a version, and the number of tests it stands for
--- skip_nginx: 2: > 0.1.0
--- request
GET /


=== TEST 19: code that runs before the requests
--- config
    location /p { root $TEST_NGINX_SERVROOT/html; }
--- init
mkdir html_dir() . '/p';
open my $out, '>', html_dir() . '/p/q' or die $!;
print $out "made by init\n";
close $out;
--- request
GET /p/q
--- response_body
made by init


=== TEST 20: the access log
--- config
    location /r { return 200 "r"; }
--- request
GET /r?logged
--- response_body eval
qr/^r$/
--- access_log
GET /r?logged
--- no_access_log
GET /s
