# Every classic attack on a token, and what a good one may look like.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderToken;
use Test::Nginx::Socket;

use MIME::Base64 qw(encode_base64url);

our $keys = OrderTest::key_dir();
our $dir = File::Temp::tempdir(CLEANUP => 1);

chmod 0755, $dir;


sub slurp {
    open my $in, '<:raw', shift or die $!;
    local $/;
    return scalar <$in>;
}


sub make {
    my $name = shift;

    system("openssl genpkey -quiet @_ -out $dir/$name.pem 2>/dev/null"
           . " || openssl genpkey @_ -out $dir/$name.pem 2>/dev/null") == 0
        && system("openssl pkey -in $dir/$name.pem -pubout"
                  . " -out $dir/$name.pub.pem") == 0
        or die "openssl failed\n";
}

make('rs', '-algorithm RSA -pkeyopt rsa_keygen_bits:2048');
make('rs2', '-algorithm RSA -pkeyopt rsa_keygen_bits:2048');
make('es', '-algorithm EC -pkeyopt ec_paramgen_curve:P-256');

our $secret = slurp("$keys/hs256.key");
our $public = slurp("$dir/rs.pub.pem");
our $id = order_id('a');
our $poll = "GET /api/order-status/$id";


# The claims of a good token, changed by what is given; undef leaves out.
sub claims {
    my %claims = (sub => '"' . user_id('buyer') . '"', role => '"customer"',
                  exp => time + 600, @_);

    return '{' . join(',', map { qq("$_":$claims{$_}) }
                           grep { defined $claims{$_} } sort keys %claims)
           . '}';
}


sub hs {
    my ($claims, $header, $key) = @_;

    return OrderToken::token($header // '{"alg":"HS256","kid":"demo"}',
                             $claims, $key // $secret);
}


# Signed by openssl; of an ES256 signature the two numbers as they are.
sub signed {
    my ($name, $header, $claims) = @_;
    my $text = encode_base64url($header) . '.' . encode_base64url($claims);

    open my $out, '>', "$dir/text" or die $!;
    print $out $text;
    close $out;

    my $raw = `openssl dgst -sha256 -sign $dir/$name.pem $dir/text`;

    if ($name =~ /^es/) {
        my ($r, $s) = `openssl dgst -sha256 -sign $dir/$name.pem $dir/text \\
            | openssl asn1parse -inform DER` =~ /INTEGER\s*:([0-9A-F]+)/g;

        $raw = pack 'H64H64', map { sprintf '%064s', $_ } $r, $s;
    }

    return "$text." . encode_base64url($raw);
}


sub poll {
    my ($token, %how) = @_;

    return call($poll, headers => "Authorization: Bearer $token", %how);
}


# A refusal, and the reason in the log.
sub refused {
    my ($token, $what, $why) = @_;
    my $got = poll($token);

    is_problem($got, 401, 'INVALID_TOKEN', $what);
    is($got->{headers}{'www-authenticate'},
       'Bearer realm="orders", error="invalid_token"', "$what: a challenge");

    my $log = slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log");
    my ($last) = $log =~ /.*token refused: ([^,\n]*)/s;

    like($last, qr/^\Q$why\E/, "$what: $why");
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: who brings no token is told to sign in
--- request eval
[$::poll, $::poll, $::poll]
--- more_headers eval
['', "Authorization: Basic dTpw", "Authorization: Bearer"]
--- problem
401 UNAUTHORIZED
401 UNAUTHORIZED
401 UNAUTHORIZED
--- response_headers eval
[('WWW-Authenticate: Bearer realm="orders"') x 3]


=== TEST 2: a good token is good, its scheme in any case
--- play
is poll(hs(claims()))->{code}, 200, 'a good token';
is poll(hs(claims(), '{"alg":"HS256"}'))->{code}, 200, 'without a kid';
is poll(hs(claims(), '{"alg":"HS256","typ":"JWT","kid":"demo"}'))->{code},
    200, 'with its type';
is poll(hs(claims(role => '"buyer"')))->{code}, 200, 'a synonym for a role';

for my $scheme (qw(bearer BEARER Bearer)) {
    is call($::poll, headers => "Authorization: $scheme "
                                . hs(claims()))->{code}, 200, $scheme;
}


=== TEST 3: the algorithm is the key's, never the token's word
--- order eval
"order_jwt_key $::dir/rs.pub.pem alg=RS256 kid=rs;"
--- play
my $none = sub {
    join '.', encode_base64url(shift), encode_base64url(claims()), shift;
};

refused($none->('{"alg":"none"}', ''), 'none', 'its algorithm is not the key');
refused($none->('{"alg":"none","kid":"demo"}', ''), 'none with a kid',
        'its algorithm is not the key');
refused($none->('{"alg":"None","kid":"demo"}', 'AAAA'), 'None',
        'its algorithm is not the key');
refused($none->('{"alg":"HS256","kid":"demo"}', ''), 'no signature', 'its ');
refused(hs(claims(), '{"alg":"HS256","kid":"rs"}', $::public),
        'HS with the public key', 'its algorithm is not the key');
refused(hs(claims(), '{"alg":"HS256"}', $::public),
        'HS with the public key and no kid', 'its algorithm is not the key');
refused(hs(claims(), '{"alg":"RS256","kid":"demo"}'), 'RS, signed with HS',
        'its algorithm is not the key');
refused(hs(claims(), '{"alg":"HS512","kid":"demo"}'), 'another HS',
        'its algorithm is not the key');
refused(hs(claims(), '{"alg":"HS384"}'), 'another HS, no kid',
        'its algorithm is not the key');
refused(hs(claims(), '{"kid":"demo"}'), 'no alg',
        'its header names no algorithm');
refused(hs(claims(), '{"alg":["HS256"],"kid":"demo"}'), 'a list of algs',
        'its header names no algorithm');


=== TEST 4: the key is the one that kid names
--- play
refused(hs(claims(), '{"alg":"HS256","kid":"other"}'), 'an unknown kid',
        'no key has its kid');
refused(hs(claims(), '{"alg":"HS256","kid":"../../../dev/null"}'),
        'a kid that is a path', 'no key has its kid');
refused(hs(claims(), '{"alg":"HS256","kid":1}'), 'a kid that is a number',
        'its kid is no string');
refused(hs(claims(), undef, 'x' x 32), 'another secret',
        'its signature is wrong');
refused(hs(claims(), undef, ''), 'an empty secret', 'its signature is wrong');


=== TEST 5: the times of a token count, with the leeway
--- order
order_jwt_leeway 10s;
--- play
refused(hs(claims(exp => time - 60)), 'expired', 'it has expired');
refused(hs(claims(exp => undef)), 'no exp', 'it has no exp');
refused(hs(claims(exp => '"' . (time + 60) . '"')), 'exp in a string',
        'it has no exp');
refused(hs(claims(nbf => time + 60)), 'not yet valid', 'it is not valid yet');
refused(hs(claims(iat => time + 60)), 'issued in the future',
        'it was issued in the future');
refused(hs(claims(exp => -1)), 'before all time', 'it has');

is poll(hs(claims(exp => time - 5)))->{code}, 200, 'exp within the leeway';
is poll(hs(claims(nbf => time + 5)))->{code}, 200, 'nbf within the leeway';


=== TEST 6: a token is for this audience and of this issuer
--- order
order_jwt_issuer https://id.example.com;
order_jwt_audience orders;
--- play
my @both = (iss => '"https://id.example.com"', aud => '"orders"');

is poll(hs(claims(@both)))->{code}, 200, 'right';
is poll(hs(claims(@both, aud => '["x","orders"]')))->{code}, 200,
    'one of several audiences';
refused(hs(claims(@both, aud => '"order"')), 'another audience',
        'it is for another audience');
refused(hs(claims(@both, aud => '["x"]')), 'other audiences',
        'it is for another audience');
refused(hs(claims(@both, aud => undef)), 'no audience',
        'it is for another audience');
refused(hs(claims(@both, iss => '"https://id.example.com.evil"')),
        'another issuer', 'it is of another issuer');
refused(hs(claims(@both, iss => undef)), 'no issuer',
        'it is of another issuer');


=== TEST 7: a token that is not whole is none
--- play
my $good = hs(claims());
my @parts = split /\./, $good;

refused(substr($good, 0, -1), 'one byte short', 'it');
refused(substr($good, 0, 40), 'the beginning', 'it is not three parts');
refused("$parts[0].$parts[1]", 'two parts', 'it is not three parts');
refused("$good.x", 'four parts', 'it is not three parts');
refused("$parts[0]..$parts[2]", 'an empty payload', 'it');
refused("$parts[0].$parts[1]=.$parts[2]", 'padding', 'it is not three parts');
refused("$parts[0].$parts[1].!", 'not base64url', 'it is not three parts');
refused('x' x 6000, 'too long', 'it is empty or too long');
refused(hs(claims(x => '"' . 'y' x 5000 . '"')), 'a token that is too long',
        'it is empty or too long');
is poll($good)->{code}, 200, 'the whole one is good';

(my $other = $parts[1]) =~ tr/A-Za-z/B-ZAb-za/;
refused("$parts[0].$other.$parts[2]", 'another payload',
        'its signature is wrong');


=== TEST 8: what a token says twice or wrongly does not count
--- play
my $exp = time + 600;
my $buyer = user_id('buyer');
my $admin = user_id('admin');

refused(hs(qq({"sub":"$buyer","sub":"$admin","role":"customer","exp":$exp})),
        'two subs', 'its payload is no JSON object');
refused(hs(qq({"sub":"$buyer","role":"customer","role":"admin","exp":$exp})),
        'two roles', 'its payload is no JSON object');
refused(hs(claims(), '{"alg":"HS256","alg":"none","kid":"demo"}'),
        'two algorithms', 'its header is no JSON object');
refused(hs('[]'), 'a list', 'its payload is no JSON object');
refused(hs('{'), 'no JSON', 'its payload is no JSON object');
refused(hs(claims(sub => undef)), 'no sub', 'its sub is no UUID');
refused(hs(claims(sub => '"buyer"')), 'a name for a sub',
        'its sub is no UUID');
refused(hs(claims(role => undef)), 'no role', 'its role is unknown');
refused(hs(claims(role => '"root"')), 'a role of its own',
        'its role is unknown');
refused(hs(claims(), '{"alg":"HS256","kid":"demo","crit":["x"]}'), 'crit',
        'its header asks for an extension');
refused(hs(claims(), '{"alg":"HS256","kid":"demo","typ":"dpop+jwt"}'),
        'another type', 'it is of another type');


=== TEST 9: RS256 and ES256, each by its own key
--- order eval
"order_jwt_key $::dir/rs.pub.pem alg=RS256 kid=rs;
order_jwt_key $::dir/es.pub.pem alg=ES256 kid=es;"
--- play
my $rs = signed('rs', '{"alg":"RS256","kid":"rs"}', claims());
my $es = signed('es', '{"alg":"ES256","kid":"es"}', claims());

is poll($rs)->{code}, 200, 'RS256';
is poll($es)->{code}, 200, 'ES256';
refused(signed('rs2', '{"alg":"RS256","kid":"rs"}', claims()),
        'another RSA key', 'its signature is wrong');
refused(signed('rs', '{"alg":"RS256","kid":"es"}', claims()),
        'the kid of another kind of key', 'its algorithm is not the key');
refused(signed('es', '{"alg":"ES256","kid":"rs"}', claims()),
        'and the other way', 'its algorithm is not the key');

(my $zero = $es) =~ s/[^.]*\z/'A' x 86/e;
refused($zero, 'a signature of zeros', 'its signature is wrong');


=== TEST 10: a verified token is remembered, as long as it is good
--- order
order_jwt_leeway 0;
--- play
my $token = hs(claims(exp => time + 2));

is poll($token)->{code}, 200, 'verified';
is poll($token)->{code}, 200, 'remembered';
ok wait_until(sub { poll($token)->{code} == 401 }, 5), 'until it expires';
refused($token, 'then', 'it has expired');


=== TEST 11: the first of several Authorization headers is not a way around
--- request eval
$::poll
--- more_headers eval
"Authorization: Bearer x\nAuthorization: Bearer " . token('buyer')
--- error_code_like: ^(?:400|401)$
