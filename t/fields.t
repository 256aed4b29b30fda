# Every field of every route, wrong in every way: 400, "errors" names it, and
# PostgreSQL never hears of it.  The fields are those that
# GET /api/openapi.json tells of.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use OrderApi;
use Test::Nginx::Socket;

# what the module asks by itself is not counted

my $own = 'feed_read|ring|maintain|automate|statuses|open_orders'
          . '|order_metrics|position|replayed';
our ($calls, $rollbacks);


# How often any other function was called.
sub calls {
    queries('none');

    return sql("SELECT coalesce(sum(calls), 0)
                  FROM public.pg_stat_statements s
                  JOIN pg_database d ON d.oid = s.dbid
                  JOIN pg_roles r ON r.oid = s.userid
                 WHERE d.datname = current_database()
                   AND r.rolname = 'order_api'
                   AND s.query ~ 'api\\.(?!$own)'");
}


# How many statements failed, of sessions that have ended.
sub rollbacks {
    return sql('SELECT xact_rollback FROM pg_stat_database
                 WHERE datname = current_database()');
}


# Routes that look at what they are given: not those that take nothing from
# anyone.  A poll's id is only looked up, and how long it waits has a test of
# its own.
sub checked {
    return grep {
        $_->{path} !~ m{^/api/order-status/}
            && (@{ $_->{roles} } || @{ $_->{parameters} } || $_->{body})
    } operations();
}


# --- what is wrong with an answer


# Nothing, if it is a refusal that names just these fields.
sub fault {
    my ($got, $what, @fields) = @_;
    my $body = decoded($got);
    my $code = grep({ !/^checkoutData\.shippingAddress\b/ } @fields)
               ? 'INVALID_INPUT' : 'INVALID_SHIPPING_ADDRESS';
    my $is = join ' ', $got->{code}, $got->{headers}{'content-type'} // '',
                  $body->{code} // '',
                  sort map { $_->{field} } @{ $body->{errors} // [] };
    my $must = join ' ', 400, 'application/problem+json', $code, sort @fields;

    return $is eq $must ? () : "$what: $is, not $must";
}


# Of a refusal that came before there were fields: the name is not the full
# one.
sub unread {
    my ($got, $what, @names) = @_;
    my $body = decoded($got);
    my @errors = @{ $body->{errors} // [] };

    return () if $got->{code} == 400 && ($body->{code} // '') eq 'INVALID_INPUT'
                 && @errors == 1 && grep { $_ eq $errors[0]{field} } @names;

    return "$what: $got->{code} $got->{body}, not @names";
}


# --- values that are wrong


# [what, text] that are wrong in a body or elsewhere; without quotes.
sub wrong_texts {
    my $schema = shift;
    my $type = OrderApi::type($schema);
    my $format = $schema->{format} // '';
    my ($min, $max) = @$schema{qw(minimum maximum)};
    my @wrong;

    if ($type eq 'integer' || $type eq 'number') {
        @wrong = (['a word', 'x'], ['an exponent', '1e400'],
                  ['many digits', '9' x 40], ['hexadecimal', '0x1'],
                  ['a blank', '1 '], ['NaN', 'NaN']);
        push @wrong, ['too small', $min - 1], ['too large', $max + 1]
            if defined $min;
        push @wrong, $type eq 'integer' ? ['a fraction', '1.5']
                                        : ['9 decimals', '0.123456789'];

    } elsif ($type eq 'boolean') {
        @wrong = (['a word', 'yes'], ['in capitals', 'TRUE'],
                  ['a number', '2']);

    } elsif ($schema->{enum}) {
        @wrong = (['no such word', 'nonsense'],
                  ['cut', substr $schema->{enum}[0], 0, -1]);

    } elsif ($format eq 'uuid') {
        @wrong = (['no UUID', 'x'], ['cut', '0' x 35],
                  ['too long', '00000000-0000-7000-8000-000000000000a']);

    } elsif ($format eq 'date') {
        @wrong = map { ["no date ($_)", $_] } qw(x 2026-02-30 2026-13-01
                  21.11.2026 2026-11-21T00:00:00Z infinity now);

    } elsif ($format eq 'date-time') {
        @wrong = map { ["no time ($_)", $_] } qw(x 2026-11-21
                  2026-02-30T00:00:00Z 2026-11-21T24:00:00Z
                  2026-11-21T02:12:00 infinity now);

    } elsif ($schema->{pattern}) {
        @wrong = (['no number', 'x'], ['too long', 'A' x 21],
                  ['a quote', "ORD-1'"]);
    }

    return @wrong;
}


# Of text: too short, too long, and with what is no text.
sub wrong_lengths {
    my $schema = shift;
    my ($min, $max) = @$schema{qw(minLength maxLength)};

    return (defined $max ? (['too long', 'x' x ($max + 1)],
                            ['too long in UTF-8', "\xc3\xa9" x ($max + 1)])
                         : (),
            ($min // 0) > 1 ? ['too short', 'x' x ($min - 1)] : ());
}


# [what, JSON] that are wrong for a field of a body.
sub wrong_json {
    my $schema = shift;
    my $type = OrderApi::type($schema);
    my %other = ('a number' => '1', true => 'true', 'a list' => '[]',
                 'an object' => '{}', 'a string' => '"x"');
    my @wrong;

    delete $other{$_} for { string => 'a string', integer => 'a number',
                            number => 'a number', boolean => 'true',
                            object => 'an object', array => 'a list' }->{$type};

    push @wrong, map { [$_, $other{$_}] } sort keys %other;

    if ($type eq 'array') {
        return (@wrong, ['empty', '[]'],
                ['too many', '[' . join(',', ('{}') x ($schema->{maxItems}
                                                       + 1)) . ']']);
    }

    if ($type eq 'object') {
        my ($max) = ($schema->{description} // '') =~ /at most (\d+) bytes/;

        push @wrong, ['too large', '{"a":"' . 'x' x $max . '"}']
            if !$schema->{properties} && $max;

        return @wrong;
    }

    return (@wrong, ['empty', '""'],
            ['a control character', '"x\\u0001"'],
            map({ [$_->[0], qq("$_->[1]")] } wrong_texts($schema),
                                             wrong_lengths($schema)),
            $type eq 'integer' ? (['a fraction', 1.5], ['huge', '9' x 60]) : (),
            $type eq 'number' ? ['9 decimals', '0.123456789'] : ());
}


# JSON that is wrong whatever the field; [what, JSON, may be told without a
# name].
sub no_json {
    return (
        ['not UTF-8', "\"\xff\""], ['cut UTF-8', "\"\xe2\x82\""],
        ['overlong UTF-8', "\"\xc0\xaf\""], ['\u0000', '"\\u0000"'],
        ['nested to death', '[' x 17 . ']' x 17],
        ['a control byte', "\"\x01\""], ['NUL', "\"\0\""],
        ['a huge number', '9' x 65], ['a huge exponent', '1e10000'],
        ['half a surrogate', '"\\ud800"'], ['its end', '"\\udc00"'],
        ['no escape', '"\\u12G4"'], ['a bare word', 'x', 1],
        ['nothing', '', 1], ['an open string', '"', 1],
    );
}


# --- sweeps


sub headers_of {
    my $operation = shift;

    return headers => '' if !@{ $operation->{roles} };
    return headers => bearer($operation->{roles}[0]);
}


# One field of a body after the other.
sub sweep_body {
    my $operation = shift;
    my @how = headers_of($operation);
    my @wrong;

    for my $field (body_fields($operation)) {
        my ($name, $short) = @$field{qw(name short)};
        my $try = sub {
            my ($what, $json) = @_;
            return ask($operation, { $name => $json }, @how), "$name $what";
        };

        push @wrong, map { fault($try->(@$_), $name) }
                         wrong_json($field->{schema});
        push @wrong, map { unread($try->(@$_), $short, $_->[2] ? '' : ()) }
                         no_json();

        push @wrong, unread(ask($operation, { $name => '1,"' . $short
                                . '":1' }, @how), "$name twice", $short);

        push @wrong, left_out($operation, $field, @how);
    }

    for ('', map { $_->{name} } grep { $_->{schema}{properties} }
                                     body_fields($operation))
    {
        push @wrong, fault(ask($operation, { "$_+" => '"y":1' }, @how),
                           "$_ unknown", length $_ ? "$_.y" : 'y');
    }

    return @wrong;
}


# Without it, or with null.  What may be left out is no fault: then another
# one is the only one.
sub left_out {
    my ($operation, $field, @how) = @_;
    my $name = $field->{name};
    my @wrong;

    for my $none (undef, 'null') {
        my $what = "$name " . ($none // 'missing');

        if (!$field->{required}) {
            push @wrong, fault(ask($operation, { $name => $none,
                                                 '+' => '"y":1' }, @how),
                               $what, 'y');
            next;
        }

        my $got = ask($operation, { $name => $none }, @how);
        my ($told) = grep { $_->{field} eq $name }
                          @{ decoded($got)->{errors} // [] };

        # of several bodies one is chosen by a field of it

        push @wrong, fault($got, $what, $name)
            if !$operation->{several} || $name =~ /\./;
        push @wrong, "$what: $got->{body}"
            if ($told->{message} // '') !~ /\bis required$/;
    }

    return @wrong;
}


# What is no JSON object, or says that it is something else.
sub sweep_whole {
    my $operation = shift;
    my @how = headers_of($operation);
    my $body = OrderApi::json_of($operation->{body}, '', {});
    my @wrong;

    for (['a list', "[$body]"], ['a number', '1'], ['a string', '"x"'],
         ['null', 'null'], ['true', 'true'], ['cut', substr $body, 0, -1],
         ['two', $body . $body], ['a comma more', $body =~ s/\}$/,}/r],
         ['in single quotes', $body =~ tr/"/'/r], ['a blank', ' '],
         ['with a BOM', "\xef\xbb\xbf$body"], ['a comment', "$body//"],
         ['many objects', '{"a":' x 1000], ['many lists', '[' x 8000])
    {
        my ($what, $json) = @$_;

        push @wrong, unread(ask($operation, {}, @how, json => $json), $what,
                            '', 'a');
    }

    for my $type ('text/plain', 'application/xml', 'multipart/form-data',
                  'application/json5', 'application/x-www-form-urlencodedx')
    {
        my $got = ask($operation, {}, @how, json => $body, type => $type);

        push @wrong, "$type: $got->{code} $got->{body}"
            if $got->{code} != 415
               || decoded($got)->{code} ne 'UNSUPPORTED_MEDIA_TYPE';
    }

    return @wrong;
}


# Arguments of a query, or of a form.
sub sweep_arguments {
    my ($operation, $place, @fields) = @_;
    my @how = (headers_of($operation), $place eq '' ? (form => 1) : ());
    my @wrong;

    my $try = sub { ask($operation, { @_ }, @how) };

    for (@fields) {
        my ($name, $schema, $required) = @$_;
        my $value = OrderApi::sample($schema);

        push @wrong, map {
            my ($what, $text) = @$_;
            fault($try->("$place$name" => escaped($text)), "$name $what",
                  $name);
        } (wrong_texts($schema), wrong_lengths($schema), ['NUL', "x\0"],
           ['a control byte', "x\x01"], ['not UTF-8', "\xff"],
           ['cut UTF-8', "\xe2\x82"]);

        push @wrong, fault($try->("$place$name" => $_), "$name $_", $name)
            for '%', '%4', '%zz', "$value&$name=$value";

        for my $none ('', undef) {
            my $what = "$name " . ($none // 'missing');

            push @wrong, $required
                ? fault($try->("$place$name" => $none), $what, $name)
                : fault($try->("$place$name" => $none, "$place+" => 'y=1'),
                        $what, 'y');
        }
    }

    push @wrong, fault($try->("$place+" => 'y=1'), 'unknown', 'y'),
                 fault($try->("$place+" => '%zz=1'), 'no name', '');

    return @wrong;
}


# Long text as it is: it must fit into the buffer of a body.
sub escaped {
    my $text = shift;

    return $text if length $text > 1000;
    return $text =~ s/([^A-Za-z0-9.-])/sprintf '%%%02X', ord $1/ger;
}


sub sweep_path {
    my $operation = shift;
    my @how = headers_of($operation);
    my @wrong;

    for my $parameter (parameters($operation, 'path')) {
        my ($name, $schema) = @$parameter{qw(name schema)};

        push @wrong, map {
            my ($what, $text) = @$_;
            fault(ask($operation, { "path $name" => escaped($text) }, @how),
                  "$name $what", $name);
        } (wrong_texts($schema), wrong_lengths($schema),
           ['a control byte', "x\x01"], ['not UTF-8', "\xff"]);
    }

    return @wrong;
}


# Headers that are checked as fields, and not by what reads them.  A long
# webhook-id has no signature that holds.
sub sweep_headers {
    my $operation = shift;
    my @how = headers_of($operation);
    my @wrong;

    for my $parameter (parameters($operation, 'header')) {
        my ($name, $schema) = @$parameter{qw(name schema)};

        next if $name =~ /^(?:If-None-Match|Sec-WebSocket-Protocol
                           |webhook-(?:timestamp|signature))$/x;

        push @wrong, map {
            my ($what, $text) = @$_;
            fault(ask($operation, { "header $name" => $text }, @how),
                  "$name $what", $name);
        } ($name eq 'webhook-id' ? () : wrong_lengths($schema),
           ['not UTF-8', "\xff"], ['a control byte', "x\x7f"]);
    }

    return @wrong;
}


# All fields at once, each of them wrong.
sub sweep_all {
    my $operation = shift;
    my @how = headers_of($operation);
    my (%set, @names);

    for (body_fields($operation)) {
        next if $_->{schema}{properties} || $_->{schema}{items};
        my $type = OrderApi::type($_->{schema});
        $set{ $_->{name} } = $type eq 'array' ? '{}' : '[]';
        push @names, $_->{name};
    }

    for my $parameter (@{ $operation->{parameters} }) {
        my ($in, $name, $schema) = @$parameter{qw(in name schema)};
        my ($wrong) = (wrong_texts($schema), wrong_lengths($schema));

        next if !$wrong || $name =~ /^webhook-/;
        $set{"$in $name"} = $in eq 'header' ? $wrong->[1]
                                            : escaped($wrong->[1]);
        push @names, $name;
    }

    return if !@names;
    return fault(ask($operation, \%set, @how), 'all at once', @names);
}


sub is_swept {
    my ($operation, $what, @wrong) = @_;

    splice @wrong, 10, @wrong - 10, '...' if @wrong > 10;
    is_deeply(\@wrong, [], "$operation->{name}: $what");
}

log_level('info');
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: fields of a body
--- play
$::rollbacks = rollbacks();
$::calls = calls();

for (grep { $_->{body} } checked()) {
    is_swept $_, 'body', sweep_body($_);
    is_swept $_, 'the whole body', sweep_whole($_);
}

is calls(), $::calls, 'no function was called';


=== TEST 2: arguments of a form
--- play
for my $operation (grep { $_->{form} } checked()) {
    my $schema = $operation->{body};
    my %required = map { $_ => 1 } @{ $schema->{required} };

    next if grep { ($_->{schema}{properties} || $_->{schema}{items}) }
                 body_fields($operation);
    is_swept $operation, 'form', sweep_arguments($operation, '', map {
        [$_, $schema->{properties}{$_}, $required{$_}]
    } sort keys %{ $schema->{properties} });
}

is calls(), $::calls, 'no function was called';


=== TEST 3: arguments of a query, parts of a path, headers
--- play
for my $operation (checked()) {
    is_swept $operation, 'query', sweep_arguments($operation, 'query ', map {
        [@$_{qw(name schema required)}]
    } parameters($operation, 'query'));

    is_swept $operation, 'path', sweep_path($operation);
    is_swept $operation, 'headers', sweep_headers($operation);
}

is calls(), $::calls, 'no function was called';


=== TEST 4: a body where none is taken
--- play
for (grep { !$_->{body} } checked()) {
    my @how = headers_of($_);
    my $name = $_->{stream} ? '' : 'y';

    is_swept $_, 'a body', fault(ask($_, {}, @how, json => '{"y":1}'), 'JSON',
                                 $name),
                           fault(ask($_, {}, @how, form => 'y=1'), 'form',
                                 $name);
}

is calls(), $::calls, 'no function was called';


=== TEST 5: all wrong fields are named at once
--- play
is_swept $_, 'all at once', sweep_all($_) for checked();

is calls(), $::calls, 'no function was called';


=== TEST 6: how long a poll waits
--- play
my ($poll) = grep { $_->{id} eq 'order_status' } operations();
my ($wait) = parameters($poll, 'query');
my @how = headers_of($poll);

is $wait->{name}, 'wait', 'a poll may wait';
is_swept $poll, 'wait', map {
    my ($what, $text) = @$_;
    fault(ask($poll, { 'query wait' => escaped($text) }, @how),
                "wait $what", 'wait');
} wrong_texts($wait->{schema});

is calls(), $::calls, 'no function was called';


=== TEST 7: PostgreSQL saw none of it: nothing failed there
--- play
is rollbacks(), $::rollbacks, 'no statement failed';

my ($get) = grep { $_->{id} eq 'get_product' } checked();
is_problem ask($get, {}), 404, 'NOT_FOUND', 'one that it sees';
is_problem ask($get, { 'path id' => product_id(31), 'query +' => 'y=1' }),
    400, 'INVALID_INPUT', 'one that it does not see';
is ask($get, { 'path id' => product_id(31) })->{code}, 200, 'one that is right';
is calls(), $::calls + 1, 'would have been counted';


=== TEST 8: nor would that have gone unnoticed
--- play
is rollbacks(), $::rollbacks + 1, 'one failed';
