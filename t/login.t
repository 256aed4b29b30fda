use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $login = "POST /api/auth/login\n"
             . '{"email":"buyer@example.com","password":"demo"}';

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the right password gets a token, in the answer and in a cookie
--- play
my $got = call('POST /api/auth/login',
               json => '{"email":"Buyer@Example.com","password":"demo"}');
my $said = decoded($got);

is $got->{code}, 200, 'signed in';
is $got->{headers}{'cache-control'}, 'no-store', 'not to be kept';
is $said->{token_type}, 'Bearer', 'token_type';
is $said->{expires_in}, 3600, 'expires_in';
is_deeply $said->{user}, { id => user_id('buyer'), name => 'John Doe',
    email => 'buyer@example.com', role => 'customer' }, 'who it is';
is $got->{headers}{'set-cookie'}, "order_token=$said->{token}; Path=/; "
    . 'HttpOnly; SameSite=Lax; Max-Age=3600', 'the cookie';

my $poll = 'GET /api/order-status/' . order_id('a');

is call($poll, headers => "Authorization: Bearer $said->{token}")->{code},
    200, 'the token is good';
is call($poll, headers => "Cookie: order_token=$said->{token}")->{code},
    200, 'the cookie is good';
is_problem call('GET /api/order-status/' . order_id('b', buyer => 'buyer2'),
                headers => "Authorization: Bearer $said->{token}"),
    403, 'FORBIDDEN', 'for its user only';


=== TEST 2: the lifetime is the operator's
--- order
order_jwt_lifetime 2m;
--- request eval
$::login
--- response_body_like: "expires_in":120,
--- response_headers_like
Set-Cookie: order_token=.*; Max-Age=120


=== TEST 3: a wrong password and an unknown address are told the same
--- request eval
["POST /api/auth/login\n" . '{"email":"buyer@example.com","password":"demo "}',
 "POST /api/auth/login\n" . '{"email":"nobody@example.com","password":"demo"}',
 "POST /api/auth/login\n" . '{"email":"buyer@example.com\'--","password":"x"}']
--- problem
401 BAD_CREDENTIALS The e-mail address or the password is wrong\.
401 BAD_CREDENTIALS The e-mail address or the password is wrong\.
401 BAD_CREDENTIALS The e-mail address or the password is wrong\.
--- response_headers eval
[('!Set-Cookie') x 3]


=== TEST 4: what is missing is named
--- request eval
["POST /api/auth/login\n{}", "POST /api/auth/login",
 "POST /api/auth/login\n" . '{"email":"x","password":""}']
--- problem
400 INVALID_INPUT "errors":\[\{"field":"email","message":"is required"\},\{"field":"password","message":"is required"\}\]
400 INVALID_INPUT "errors":\[\{"field":"email","message":"is required"\},\{"field":"password","message":"is required"\}\]
400 INVALID_INPUT "field":"email","message":"must be an e-mail address".*"field":"password","message":"must not be empty"


=== TEST 5: a form will do
--- request
POST /api/auth/login
email=buyer%40example.com&password=demo
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- response_body_like: "token":"[\w-]+\.[\w-]+\.[\w-]+"


=== TEST 6: an old token does not keep one from signing in
--- request eval
$::login
--- more_headers
Authorization: Bearer x
Cookie: order_token=y
--- response_body_like: "token":"


=== TEST 7: where no key can sign there is no login
--- order: off
--- http_config eval
"order_zone orders:1m; order_jwt_key " . OrderTest::key_dir()
. '/es256.pub.pem alg=ES256; order_database "' . OrderTest::conninfo() . '";'
--- request eval
$::login
--- problem
404 NO_SUCH_ENDPOINT


=== TEST 8: the caller can ask who he is
--- play
my %name = (buyer => 'John Doe', seller => 'Alice Store',
            driver => 'Erin Driver', admin => 'Grace Admin');
my %role = (buyer => 'customer', seller => 'manager', driver => 'driver',
            admin => 'admin');

for (sort keys %name) {
    my $got = call('GET /api/auth/me', as => $_);

    is $got->{code}, 200, "$_: told";
    is_deeply decoded($got), { user => { id => user_id($_),
        email => "$_\@example.com", name => $name{$_},
        role => $role{$_} } }, "$_: who it is";
}

is call('GET /api/auth/me', headers => 'Cookie: order_token='
        . token('driver'))->{body},
    call('GET /api/auth/me', as => 'driver')->{body}, 'by the cookie, too';
is_problem call('GET /api/auth/me'), 401, 'UNAUTHORIZED', 'nobody';
is_problem call('GET /api/auth/me', headers => 'Authorization: Bearer x'),
    401, 'INVALID_TOKEN', 'a token that is none';

new_user('ghost');
sql("DELETE FROM shop.users WHERE id = '" . user_id('ghost') . "'");
is_problem call('GET /api/auth/me', as => 'ghost'), 404, 'NOT_FOUND',
    'a user whom we do not know';


=== TEST 9: signing out lets go of the cookie, for anyone
--- play
my $got = call('POST /api/auth/login',
               json => '{"email":"buyer@example.com","password":"demo"}');
my $cookie = 'Cookie: order_token=' . decoded($got)->{token};
my @origins = ('Origin: http://localhost', 'Sec-Fetch-Site: same-origin');

for ($cookie, (map { "$cookie\n$_" } @origins), 'Cookie: order_token=x',
     @origins, '')
{
    $got = call('POST /api/auth/logout', headers => $_);

    is $got->{code}, 200, "signed out: $_";
    is $got->{body}, '{"success":true}', 'in few words';
    is $got->{headers}{'set-cookie'}, 'order_token=; Path=/; HttpOnly; '
        . 'SameSite=Lax; Max-Age=0', 'the cookie goes';
    is $got->{headers}{'cache-control'}, 'no-store', 'not to be kept';
}


=== TEST 10: but not from the page of another
--- play
for ('Origin: http://evil.example', 'Origin: null',
     'Sec-Fetch-Site: cross-site',
     "Origin: http://localhost\nSec-Fetch-Site: same-site")
{
    my $got = call('POST /api/auth/logout', headers => 'Cookie: order_token='
                   . token('buyer') . "\n$_");

    is_problem $got, 403, 'CROSS_ORIGIN', $_;
    ok !exists $got->{headers}{'set-cookie'}, 'the cookie stays';
}

my $got = call('GET /api/auth/logout');
is_problem $got, 405, 'METHOD_NOT_ALLOWED', 'nor by a link';
is $got->{headers}{allow}, 'POST', 'how';
