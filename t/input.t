# What C refuses never reaches PostgreSQL.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

our $product = product_id(31);


# Each [what, body, expressions of the errors ...] is refused with 400, and
# the function is not called.
sub refuse {
    my ($line, $user, $function, @cases) = @_;
    my $before = queries($function);

    for (@cases) {
        my ($what, $body, @errors) = @$_;
        my $got = call($line, as => $user, json => $body);
        my @got = map { "$_->{field}: $_->{message}" }
                      @{ decoded($got)->{errors} // [] };

        is_problem($got, 400, 'INVALID_INPUT', $what);
        is_deeply([sort @got], [sort @errors], "$what: why");
    }

    is(queries($function), $before, "$function was not called");
}

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: fields of a body
--- play
my $cart = sub { sprintf '{"product_id":"%s","quantity":%s}', $::product, @_ };

refuse('POST /cart-items', 'buyer', 'add_cart_item',
    ['missing', '{}', 'product_id: is required', 'quantity: is required'],
    ['null', '{"product_id":null,"quantity":null}',
     'product_id: is required', 'quantity: is required'],
    ['of the wrong type', '{"product_id":1,"quantity":true}',
     'product_id: must be a string', 'quantity: must be a number'],
    ['a list', '{"product_id":[],"quantity":{}}',
     'product_id: must be a string', 'quantity: must be a number'],
    ['too small', $cart->(0), 'quantity: must be at least 1'],
    ['negative', $cart->(-1), 'quantity: must be at least 1'],
    ['too large', $cart->(1000001), 'quantity: must be at most 1000000'],
    ['far too large', $cart->('9' x 40), 'quantity: must be a whole number'],
    ['a fraction', $cart->('1.5'), 'quantity: must be a whole number'],
    ['an exponent', $cart->('1e400'), 'quantity: must be a whole number'],
    ['a word', $cart->('"one"'), 'quantity: must be a whole number'],
    ['empty', '{"product_id":"","quantity":""}',
     'product_id: must not be empty', 'quantity: must not be empty'],
    ['no UUID', '{"product_id":"x","quantity":1}',
     'product_id: must be a UUID'],
    ['too long', '{"product_id":"' . $::product . '","quantity":1,"size":"'
     . 'x' x 51 . '"}', 'size: must be at most 50 characters long'],
    ['unknown', '{"product_id":"' . $::product . '","quantity":1,"price":0}',
     'price: is not known'],
    ['all wrong at once', '{"x":1,"product_id":2,"size":[],"color":""}',
     'x: is not known', 'product_id: must be a string',
     'quantity: is required', 'size: must be a string',
     'color: must be at least 1 characters long']);


=== TEST 2: bytes that are no text, and text that is no JSON
--- play
my $line = 'POST /cart-items';
my $before = queries('add_cart_item');

for (['not UTF-8', "{\"size\":\"\xff\"}"], ['cut UTF-8', "{\"size\":\"\xe2\x82\"}"],
     ['a surrogate', '{"size":"\ud800"}'], ['\u0000', '{"size":"a\u0000b"}'],
     ['\u0000 in a name', '{"\u0000":1}'], ['a control byte', "{\"size\":\"\x01\"}"],
     ['truncated', '{"size":"'], ['nothing', ' '], ['a comma', '{"size":"a",}'],
     ['two', '{}{}'], ['a list', '[]'], ['a number', '1'], ['a string', '"x"'],
     ['a duplicate', '{"size":"a","size":"b"}'],
     ['nested to death', '[' x 8000], ['deep', '{"size":' x 1000],
     ['NaN', '{"quantity":NaN}'], ['single quotes', "{'size':'a'}"],
     ['a BOM', "\xef\xbb\xbf{}"])
{
    my ($what, $body) = @$_;

    is_problem call($line, as => 'buyer', json => $body),
        400, 'INVALID_INPUT', $what;
}

is queries('add_cart_item'), $before, 'the database saw none of it';


=== TEST 3: nested fields are named with their place
--- play
refuse('POST /api/place-order', 'buyer', 'place_order',
    ['missing', '{}', 'payment_method: is required'],
    ['in a list', '{"payment_method":"card","items":[{"product_id":"'
     . $::product . '","quantity":1},{"product_id":"x","quantity":0,"y":1},7]}',
     'items[1].product_id: must be a UUID',
     'items[1].quantity: must be at least 1',
     'items[1].y: is not known', 'items[2]: must be an object'],
    ['in an object', '{"payment_method":"card","shipping_address":'
     . '{"name":"","street":1,"planet":"x"}}',
     'shipping_address.name: must not be empty',
     'shipping_address.street: must be a string',
     'shipping_address.city: is required',
     'shipping_address.planet: is not known'],
    ['no list', '{"payment_method":"card","items":{}}',
     'items: must be an array'],
    ['an empty list', '{"payment_method":"card","items":[]}',
     'items: must be at least 1 elements'],
    ['a long list', '{"payment_method":"card","items":['
     . join(',', ('{}') x 101) . ']}', 'items: must be at most 100 elements'],
    ['too long', '{"payment_method":"' . 'x' x 21 . '"}',
     'payment_method: must be at most 20 characters long']);


=== TEST 4: forms
--- play
my $before = queries('update_order_status');
my $post = sub { call('POST /seller/update-order-status', as => 'seller',
                      form => shift) };

for (['a duplicate', 'order_id=ORD-2026-000001&order_id=x&new_status=a',
      'order_id: is given more than once'],
     ['unknown', 'order_id=ORD-2026-000001&new_status=a&x=1',
      'x: is not known'],
     ['a bad escape', 'order_id=%zz&new_status=a',
      'order_id: is wrongly escaped'],
     ['a cut escape', 'new_status=a&order_id=%4',
      'order_id: is wrongly escaped'],
     ['NUL', 'order_id=ORD-2026-000001&new_status=a%00b', 'new_status: '],
     ['not UTF-8', 'order_id=ORD-2026-000001&new_status=%ff',
      'new_status: '],
     ['empty', 'order_id=&new_status=', 'order_id: is required'])
{
    my ($what, $form, $why) = @$_;
    my $got = $post->($form);

    is_problem $got, 400, 'INVALID_INPUT', $what;
    is scalar(grep { /^\Q$why\E/ } map { "$_->{field}: $_->{message}" }
                   @{ decoded($got)->{errors} }), 1, "$what: $why";
}

is queries('update_order_status'), $before, 'the database saw none of it';


=== TEST 5: what is neither JSON nor a form
--- as: buyer
--- request eval
[("POST /cart-items\n{}") x 4]
--- more_headers eval
[map { "Content-Type: $_" } 'text/plain', 'application/jsonx',
 'multipart/form-data; boundary=x', 'application/xml']
--- problem
415 UNSUPPORTED_MEDIA_TYPE
415 UNSUPPORTED_MEDIA_TYPE
415 UNSUPPORTED_MEDIA_TYPE
415 UNSUPPORTED_MEDIA_TYPE


=== TEST 6: a type with a parameter, or in other letters, or none
--- as: buyer
--- request eval
[("POST /cart-items\n{}") x 3]
--- more_headers eval
['Content-Type: application/json; charset=utf-8',
 'Content-Type: Application/JSON', '']
--- problem
400 INVALID_INPUT "product_id"
400 INVALID_INPUT "product_id"
400 INVALID_INPUT "product_id"


=== TEST 7: a body that is too large, as nginx sees before anyone, or while it reads
--- config
    location ~ ^/(api|cart-items) {
        client_max_body_size 1k;
        order_api;
    }
--- as: buyer
--- request eval
["POST /cart-items\n" . 'x' x 1025,
 "POST /cart-items\n500\r\n" . 'x' x 1280 . "\r\n0\r\n\r\n"]
--- more_headers eval
['', 'Transfer-Encoding: chunked']
--- error_code eval
[413, 413]
--- response_body_like eval
['', '^\{"type":"urn:order:problem:BODY_TOO_LARGE".*"status":413']
--- error_log eval
qr/client intended to send too large (?:chunked )?body/


=== TEST 8: a body that would have to go into a file
--- config
    location ~ ^/(api|cart-items) {
        client_body_buffer_size 1k;
        order_api;
    }
--- as: buyer
--- request eval
"POST /cart-items\n" . 'x' x 20000
--- problem
413 BODY_TOO_LARGE
--- error_log
body does not fit into client_body_buffer_size


=== TEST 9: a body in chunks is a body
--- as: buyer
--- request eval
"POST /cart-items\n7\r\n{\"x\":1}\r\n0\r\n\r\n"
--- more_headers
Transfer-Encoding: chunked
--- problem
400 INVALID_INPUT "field":"x","message":"is not known"


=== TEST 10: what a client sent is told back escaped
--- as: buyer
--- request
POST /cart-items
{"<script>\"\\é":1}
--- problem
400 INVALID_INPUT "field":"<script>\\"\\\\é","message":"is not known"


=== TEST 11: text with everything in it arrives as it was sent
--- play
my $text = "\\u00e9 ' \\\" ; -- \$1 %s \\\\ \\n\\t \\ud83d\\ude00";
my $got = call('POST /api/place-order', as => 'buyer', json =>
    qq({"payment_method":"card","notes":"$text","items":[{"product_id":)
    . qq("$::product","quantity":"2"}]}));

is $got->{code}, 201, 'placed';
is sql("SELECT order_notes FROM shop.orders WHERE id = '"
       . decoded($got)->{order_id} . "'"),
    "é ' \" ; -- \$1 %s \\ \n\t 😀", 'as it was';
