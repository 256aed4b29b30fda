# The route table as an OpenAPI document, and what it says of some answers.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderOpenapi;
use Test::Nginx::Socket;

our $get = 'GET /api/openapi.json';

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: anyone gets the document, and 304 for its tag
--- play
my $got = call($::get);

is $got->{code}, 200, 'there it is';
is $got->{headers}{'content-type'}, 'application/json', 'its type';
is $got->{headers}{'cache-control'}, 'no-cache', 'to be asked for anew';
like $got->{headers}{etag}, qr/^"[0-9a-f]{16}"$/, 'its tag';

my $again = call($::get, headers => "If-None-Match: $got->{headers}{etag}");

is $again->{code}, 304, 'not modified';
is $again->{headers}{etag}, $got->{headers}{etag}, 'the same tag';
is $again->{body}, '', 'no body';

is call($::get, headers => 'If-None-Match: "x"')->{code}, 200, 'another tag';
is call('HEAD /api/openapi.json')->{headers}{'content-length'},
    length $got->{body}, 'HEAD';
is_problem call('POST /api/openapi.json', json => '{}'), 405,
    'METHOD_NOT_ALLOWED', 'POST';


=== TEST 2: it is valid, and does not contradict itself
--- play
is document_faults(call($::get)->{body}), '', 'no faults';


=== TEST 3: a wrong document would be noticed
--- play
my $doc = decoded(call($::get));
my $login = $doc->{paths}{'/api/auth/login'}{post};

my $after = sub {
    my $copy = decoded({ body => JSON::PP->new->encode($doc) });
    shift->($copy, $copy->{paths}{'/api/auth/login'}{post});
    return document_faults(JSON::PP->new->encode($copy));
};

is $after->(sub { }), '', 'a copy';
like $after->(sub { delete $_[0]{info}{title} }), qr/title/, 'no title';
like $after->(sub { $_[1]{operationId} = 'list_stores' }),
    qr/operationId list_stores is there twice/, 'an operationId again';
like $after->(sub { $_[0]{components}{schemas}{Login}{properites} = {} }),
    qr/Login.*unknown keyword/, 'a keyword that is none';
like $after->(sub { delete $_[0]{components}{schemas}{Login} }),
    qr/Login/, 'a reference to nothing';
like $after->(sub { delete $_[0]{components}{schemas}{ReadyMessage} }),
    qr{/api/events.*ReadyMessage}, 'a message that is nothing';
like $after->(sub { $_[0]{paths}{'/api/products/{no}'}
                        = delete $_[0]{paths}{'/api/products/{id}'} }),
    qr/parameters of the path: id/, 'a path with another parameter';


=== TEST 4: what a row of the table says is in it
--- play
my $doc = decoded(call($::get));
my ($paths, $schemas) = ($doc->{paths}, $doc->{components}{schemas});
my $login = $paths->{'/api/auth/login'}{post};
my $poll = $paths->{'/api/order-status/{order_id}'}{get};
my $update = $paths->{'/seller/update-order-status'}{post};
my $place = $paths->{'/api/orders'}{post};
my $hook = $paths->{'/api/webhooks/payment'}{post};
my $parameters = sub { [sort map { "$_->{in} $_->{name}" }
                             @{ shift->{parameters} }] };

is $login->{operationId}, 'login', 'an operation has the name of its function';
is_deeply $login->{security}, [], 'anyone may';
is_deeply $login->{requestBody}{content}{'application/json'}{schema},
    { type => 'object', additionalProperties => JSON::PP::false,
      properties => {
          email => { type => 'string', format => 'email', minLength => 3,
                     maxLength => 254 },
          password => { type => 'string', minLength => 1, maxLength => 72 } },
      required => ['email', 'password'] }, 'fields of a body';
is_deeply $login->{requestBody}{content}{'application/x-www-form-urlencoded'},
    $login->{requestBody}{content}{'application/json'}, 'the same as a form';
is_deeply $login->{responses}{200}{content}{'application/json'}{schema},
    { '$ref' => '#/components/schemas/Login' }, 'the answer';
is_deeply $login->{responses}{default},
    { '$ref' => '#/components/responses/Problem' }, 'all other answers';

is_deeply $poll->{security}, [{ bearer => [] }, { cookie => [] }],
    'a token is needed';
is_deeply $poll->{'x-roles'}, [qw(customer manager driver admin system)],
    'of these roles';
is_deeply $parameters->($poll), ['header If-None-Match', 'header Prefer',
    'path order_id', 'query wait'], 'an order has a tag, and is waited for';
ok $poll->{responses}{304}, 'and may be not modified';
is_deeply $schemas->{OrderStatus}{properties}{poll_after},
    { type => ['integer', 'null'] }, 'a member that may be null';
ok !(grep { $_ eq 'poll_after' } @{ $schemas->{OrderStatus}{required} }),
    'and missing';

ok +(grep { $_ eq 'header If-Match' } @{ $parameters->($update) }),
    'If-Match where it counts';
is_deeply $place->{'x-flags'}, ['keyed'], 'flags';
is scalar @{ $place->{requestBody}{content}{'application/json'}{schema}
             {oneOf} }, 3, 'one of three bodies';
ok +(grep { $_ eq 'header Idempotency-Key' } @{ $parameters->($place) }),
    'Idempotency-Key where it counts';

is_deeply $hook->{security}, [], 'a webhook brings no token';
is_deeply $parameters->($hook), ['header webhook-id',
    'header webhook-signature', 'header webhook-timestamp'],
    'but a signature';


=== TEST 5: streams, and the messages on them
--- play
my $doc = decoded(call($::get));
my ($paths, $schemas) = ($doc->{paths}, $doc->{components}{schemas});
my $order = $paths->{'/api/orders/{order_id}/events'}{get};
my $all = $paths->{'/api/events'}{get};
my $ws = $paths->{'/ws'}{get};
my $parameters = sub { [sort map { "$_->{in} $_->{name}" }
                             @{ shift->{parameters} }] };
my $messages = sub {
    my ($part, $name) = @_;
    return join ' ', map { $_->{'$ref'} =~ m{^#/components/schemas/(\w+)Message$} }
                         @{ $part->{$name // 'x-messages'}{oneOf} };
};

for my $stream ($order, $all) {
    my $content = $stream->{responses}{200}{content};

    is_deeply [keys %$content], ['text/event-stream'], 'events';
    is_deeply $content->{'text/event-stream'}{schema}, { type => 'string' },
        'which are text';
    is_deeply $stream->{security}, [{ bearer => [] }, { cookie => [] }],
        'a token is needed';
}

is $messages->($order->{responses}{200}{content}{'text/event-stream'}),
    'OrderStatusUpdate Snapshot OrderReset End', 'of one order';
is $messages->($all->{responses}{200}{content}{'text/event-stream'}),
    'OrderStatusUpdate DeliveryRequest Notification Ready Reset End', 'of all';
is_deeply [sort keys %{ $order->{responses} }], [qw(200 204 default)],
    'of an order that is final there is nothing more';
is_deeply [sort keys %{ $all->{responses} }], [qw(200 default)], 'of others';
is_deeply $parameters->($order), ['header Last-Event-ID', 'path order_id',
    'query last_event_id'], 'from where it goes on';

is $messages->($ws->{responses}{101}), 'OrderStatusUpdate OrderUpdate '
    . 'DeliveryRequest Notification Snapshot Ready OrderReset Reset Unsubscribed Pong '
    . 'Authenticated Error', 'on a WebSocket';
is $messages->($ws->{responses}{101}, 'x-client-messages'),
    'Subscribe Unsubscribe Ping Authenticate', 'and to it';
is_deeply $ws->{responses}{$_},
    { '$ref' => '#/components/responses/Problem' }, "it may be refused: $_"
    for 400, 401, 403, 426, 'default';
is_deeply $parameters->($ws), ['header Sec-WebSocket-Protocol',
    'query last_event_id', 'query subscribe'], 'and asked for';

my $ready = { type => 'object', required => ['type', 'id'],
              additionalProperties => JSON::PP::false,
              properties => { type => { type => 'string', enum => ['ready'] },
                              id => { type => 'string' } } };

is_deeply $schemas->{ReadyMessage}, $ready, 'nothing but its members';
is_deeply $schemas->{SnapshotMessage}{properties}{state}{properties},
    $schemas->{OrderStatus}{properties}, 'a state is what a poll answers';


=== TEST 6: answers are as it says
--- play
my $document = call($::get)->{body};

my @answers = map {
    my ($line, @how) = @$_;
    [$line, call($line, @how)];
} ['GET /api/stores'], ['GET /api/products?limit=2'],
  ['GET /api/workflows/shop'], ['GET /api/products/' . product_id(31)],
  ['POST /api/auth/login', json =>
   '{"email":"buyer@example.com","password":"demo"}'],
  ['POST /api/auth/login', json => '{}'],
  ['GET /api/order-status/' . order_id('a'), as => 'buyer'],
  ['GET /api/order-status/none', as => 'buyer'],
  ['GET /api/openapi.json'];

is answer_faults($document, @answers), '', 'no faults';

my ($line, $answer) = @{ $answers[0] };

like answer_faults($document, [$line, { %$answer, body => '{"stores":1}' }]),
    qr{^GET /api/stores 200: /stores must be array}, 'another type';
like answer_faults($document, [$line, { %$answer, body =>
    '{"stores":[],"next_cursor":null,"more":1}' }]),
    qr{must NOT have additional properties .*"more"}, 'a member more';
like answer_faults($document, [$line, { %$answer, code => 202 }]),
    qr{this status is not in the document}, 'another status';
like answer_faults($document, ['GET /api/none', $answer]),
    qr{not in the document}, 'another path';
