# Who may send webhooks: secrets and their files, the signature of a request.
# A body without fields tells that a signature held: only then is it read.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $keys = OrderTest::key_dir();
our $dir = File::Temp::tempdir(CLEANUP => 1);
our $common = "order_zone orders:1m; order_jwt_key $keys/hs256.key alg=HS256;"
              . ' order_database "' . OrderTest::conninfo() . '";';
our $api = 'location /api/ { order_api; }';
our $secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
our $other = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
our $payment = 'POST /api/webhooks/payment';
our $read = qr/"errors":\[\{"field":"(?:type|status)","message":"is required"/;

chmod 0755, $dir;

for (['one', "$secret\n"], ['two', "# new\n$other\n\n# old\n$secret\n"],
     ['empty', "# nothing\n"], ['short', "#\nwhsec_aHVzaC1odXNo\n"],
     ['plain', "hush-hush-hush-hush-hush\n"])
{
    open my $out, '>', "$dir/$_->[0]" or die $!;
    print $out $_->[1];
    close $out;
}


# The headers of a webhook with an empty object, signed with that file's first
# secret.
sub signed {
    my ($file, %how) = @_;

    return OrderWebhook::headers("$dir/$file", '{}', %how)
           . "Content-Type: application/json\n";
}


sub send_to {
    my ($source, $file, %how) = @_;

    return call("POST /api/webhooks/$source", body => '{}',
                headers => signed($file, %how));
}


# Each block is one wrong directive, with its part of the message.
add_block_preprocessor(sub {
    my $block = shift;

    return if !defined $block->wrong;

    my $wrong = eval $block->wrong;
    die $@ if $@;

    $block->set_value(order => 'off');
    $block->set_value(http_config => "$::common $wrong");
    $block->set_value(config => $::api);
    $block->set_value(must_die => 1);
});

master_on();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a source is one of three
--- wrong: "order_webhook_secret card $::dir/one;"
--- error_log
order_webhook_secret: unknown source "card", it must be "payment", "escrow" or "shipping"


=== TEST 2: and given once at a level
--- wrong: "order_webhook_secret escrow $::dir/one; order_webhook_secret escrow $::dir/two;"
--- error_log
"order_webhook_secret" directive is duplicate


=== TEST 3: with a file
--- wrong: 'order_webhook_secret escrow;'
--- error_log
invalid number of arguments in "order_webhook_secret" directive


=== TEST 4: which is there
--- wrong: 'order_webhook_secret escrow none.secrets;'
--- error_log eval
qr/open\(\) ".*none\.secrets" failed \(2: No such file/


=== TEST 5: and has a secret
--- wrong: "order_webhook_secret escrow $::dir/empty;"
--- error_log eval
"there is no secret in \"$::dir/empty\""


=== TEST 6: of at least 24 bytes; the line is named, the secret is not shown
--- wrong: "order_webhook_secret escrow $::dir/short;"
--- error_log eval
"[emerg]", "line 2 of \"$::dir/short\" is not a secret of webhooks: it has less than 24 bytes"
--- no_error_log
aHVzaC1odXNo


=== TEST 7: in the form in which secrets are handed out
--- wrong: "order_webhook_secret escrow $::dir/plain;"
--- error_log
is not a secret of webhooks: it does not begin with "whsec_"
--- no_error_log
hush-hush


=== TEST 8: the tolerance is a time
--- wrong: 'order_webhook_tolerance long;'
--- error_log
"order_webhook_tolerance" directive invalid value


=== TEST 9: given once
--- wrong: 'order_webhook_tolerance 1m; order_webhook_tolerance 1m;'
--- error_log
"order_webhook_tolerance" directive is duplicate


=== TEST 10: a source without a secret has no endpoint; the others have
--- order: off
--- http_config eval: "$::common order_webhook_secret shipping $::dir/one;"
--- play
is_problem send_to('payment', 'one'), 404, 'NO_SUCH_ENDPOINT', 'payment';
is_problem send_to('escrow', 'one'), 404, 'NO_SUCH_ENDPOINT', 'escrow';
is_problem send_to('shipping', 'one'), 400, 'INVALID_INPUT', 'shipping';
is_problem send_to('nothing', 'one'), 404, 'NO_SUCH_ENDPOINT', 'no source';


=== TEST 11: a good signature is let through, at each source by its own secret
--- play
for my $source (qw(payment escrow shipping)) {
    my $got = call("POST /api/webhooks/$source", json => '{}',
                   headers => webhook($source, '{}'));

    is_problem $got, 400, 'INVALID_INPUT', "$source: the body is read";
    like $got->{body}, $::read, "$source: its fields";

    is_problem call("POST /api/webhooks/$_", json => '{}',
                    headers => webhook($source, '{}')),
        401, 'INVALID_SIGNATURE', "$source does not sign for $_"
        for grep { $_ ne $source } qw(payment escrow shipping);
}


=== TEST 12: without a signature nothing is read, and no token helps
--- as eval
['-', 'admin', 'admin']
--- request eval
["POST /api/webhooks/payment\n{\"x\":", "POST /api/webhooks/escrow\n{}",
 "POST /api/webhooks/shipping"]
--- problem
401 INVALID_SIGNATURE
401 INVALID_SIGNATURE
401 INVALID_SIGNATURE
--- response_headers eval
[('WWW-Authenticate: Standard-Webhooks realm="orders"') x 3]
--- error_log
webhook refused: a header of the signature is missing


=== TEST 13: each header is needed
--- play
for my $header (qw(id timestamp signature)) {
    is_problem call($::payment, json => '{}',
                    headers => webhook('payment', '{}', $header => undef)),
        401, 'INVALID_SIGNATURE', "no webhook-$header";
}


=== TEST 14: the body counts byte for byte
--- play
is_problem call($::payment, json => '{ }', headers => webhook('payment', '{}')),
    401, 'INVALID_SIGNATURE', 'a space more';
is_problem call($::payment, json => '', headers => webhook('payment', '{}')),
    401, 'INVALID_SIGNATURE', 'no body';
is_problem call($::payment, json => '', headers => webhook('payment', '')),
    400, 'INVALID_INPUT', 'no body was signed';

my $long = '{"x":"' . 'y' x 9000 . '"}';

is_problem call($::payment, json => $long, headers => webhook('payment', $long)),
    400, 'INVALID_INPUT', 'a long body';


=== TEST 15: a time outside of the tolerance is refused, and the log says so
--- order: order_webhook_tolerance 10s;
--- play
my $at = sub {
    return call($::payment, json => '{}', headers =>
                webhook('payment', '{}', timestamp => time + shift));
};

is_problem $at->(-5), 400, 'INVALID_INPUT', 'five seconds old';
is_problem $at->(5), 400, 'INVALID_INPUT', 'five seconds ahead';
is_problem $at->(-15), 401, 'INVALID_SIGNATURE', 'fifteen seconds old';
is_problem $at->(15), 401, 'INVALID_SIGNATURE', 'fifteen seconds ahead';
--- error_log
webhook refused: webhook-timestamp is too old
webhook refused: webhook-timestamp is in the future


=== TEST 16: five minutes, unless it is said otherwise
--- play
my $at = sub {
    return call($::payment, json => '{}', headers =>
                webhook('payment', '{}', timestamp => time + shift));
};

is_problem $at->(-290), 400, 'INVALID_INPUT', '290 seconds old';
is_problem $at->(-310), 401, 'INVALID_SIGNATURE', '310 seconds old';


=== TEST 17: while secrets rotate either may sign, and either signature will do
--- order: off
--- http_config eval: "$::common order_webhook_secret payment $::dir/two;"
--- play
is_problem send_to('payment', 'two'), 400, 'INVALID_INPUT', 'the first secret';
is_problem send_to('payment', 'one'), 400, 'INVALID_INPUT', 'the second';

my $now = time;
my @signatures = map { OrderWebhook::signature($_, 'msg_1', $now, '{}') }
                     'whsec_' . 'A' x 32, $::secret;

is_problem send_to('payment', 'one', id => 'msg_1', timestamp => $now,
                   signature => "v1a,x @signatures"),
    400, 'INVALID_INPUT', 'the last of three signatures';
is_problem send_to('payment', 'one', id => 'msg_1', timestamp => $now,
                   signature => "v1a,x $signatures[0]"),
    401, 'INVALID_SIGNATURE', 'none of two';


=== TEST 18: a reload reads the secrets anew
--- order: off
--- http_config eval: "$::common order_webhook_secret payment $::dir/one;"
--- play
is_problem send_to('payment', 'two'), 401, 'INVALID_SIGNATURE', 'before';
reload(sub { s{payment \Q$::dir\E/one}{payment $::dir/two} });
is_problem send_to('payment', 'two'), 400, 'INVALID_INPUT', 'after';


=== TEST 19: a level with a secret of its own has those of its level only
--- order: off
--- http_config eval
"$::common order_webhook_secret payment $::dir/one;
 order_webhook_secret escrow $::dir/one;"
--- config eval
"location /api/ { order_api; }
 location /api/webhooks/payment {
     order_webhook_secret payment $::dir/two;
     order_api;
 }
 location /api/webhooks/escrow {
     order_webhook_secret payment $::dir/two;
     order_api;
 }"
--- play
is_problem send_to('payment', 'two'), 400, 'INVALID_INPUT', 'its own';
is_problem send_to('escrow', 'one'), 404, 'NO_SUCH_ENDPOINT', 'not inherited';
is_problem send_to('shipping', 'one'), 404, 'NO_SUCH_ENDPOINT', 'in none';


=== TEST 20: neither secrets, signatures nor bodies get into the log
--- order: off
--- http_config eval: "$::common order_webhook_secret payment $::dir/one;"
--- play
my $body = '{"type":"swordfish"}';
my $headers = OrderWebhook::headers("$::dir/one", $body, timestamp => 1);
my ($signature) = $headers =~ /v1,(\S+)/;

is_problem call($::payment, json => $body, headers => $headers),
    401, 'INVALID_SIGNATURE', 'refused';

open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die $!;
my @lines = <$in>;

is scalar(grep { /webhook refused/ } @lines), 1, 'it is logged once';
is scalar(grep { /MfKQ9r8GK|swordfish|webhook-type/ } @lines), 0,
    'without secret and body';
is scalar(grep { !/http header: / && /\Q$signature\E/ } @lines), 0,
    'without the signature, but where nginx is told to log headers';


=== TEST 21: only POST
--- request eval
['GET /api/webhooks/payment', 'PUT /api/webhooks/escrow']
--- problem
405 METHOD_NOT_ALLOWED
405 METHOD_NOT_ALLOWED
--- response_headers eval
[('Allow: POST') x 2]
