# The routes, as GET /api/openapi.json tells of them, and requests made from
# that: so what sweeps over all routes takes in a new one by itself.
#
# A request is built from its schemas.  All of its fields are there and valid,
# but for what a hash of replacements says, by the fields' names: "place name"
# for what is in the path, the query or a header, else the name, with its
# place in the body as answers tell it ("items[0].size").  What replaces a
# value stands as it goes over the wire; undef leaves the field out.  "query +"
# are more arguments, "+" more members of the body or arguments of a form,
# "name+" more members of that object.
#
# Of a stream the answer is its head, and its first message is the body.

package OrderApi;

use strict;
use warnings;

use Exporter 'import';

use OrderClient;
use OrderStream;
use OrderTest;
use OrderToken;

our @EXPORT = qw(ask bearer body_fields operations parameters);

{
    package Test::Base::Filter;

    OrderApi->import;
}

my %samples = (
    uuid => '00000000-0000-7000-8000-00000000dead',
    date => '2026-11-21',
    'date-time' => '2026-11-21T02:12:00Z',
    email => 'nobody@example.com',
);

# values that only their name tells

my %named = (last_event_id => '1.1.1.1');

# who has a token of that role, unless told otherwise

my %users = (customer => 'buyer', manager => 'seller', driver => 'driver',
             admin => 'admin', system => 'admin');

my ($connection, $asked);


# --- routes


# name, method, path, id, roles, flags, parameters, body, form, stream ("sse",
# "ws" or empty); one for each body where there are several.
sub operations {
    my $paths = decoded(call('GET /api/openapi.json'))->{paths};
    my @operations;

    for my $path (sort keys %$paths) {
        for my $method (sort keys %{ $paths->{$path} }) {
            push @operations, operation(uc $method, $path,
                                        $paths->{$path}{$method});
        }
    }

    return @operations;
}


sub operation {
    my ($method, $path, $told) = @_;
    my $content = $told->{requestBody}{content};
    my $schema = $content->{'application/json'}{schema};
    my @bodies = @{ ($schema // {})->{oneOf} // [] };
    my %operation = (
        name => "$method $path", method => $method, path => $path,
        id => $told->{operationId}, roles => $told->{'x-roles'},
        flags => { map { $_ => 1 } @{ $told->{'x-flags'} } },
        parameters => $told->{parameters}, several => scalar @bodies,
        form => exists $content->{'application/x-www-form-urlencoded'},
        stream => $told->{responses}{101} ? 'ws'
                  : $told->{responses}{200}{content}{'text/event-stream'}
                    ? 'sse' : '',
    );

    return { %operation, body => $schema } if !@bodies;

    return map { {
        %operation, body => $_,
        name => "$operation{name} with " . join ' and ', @{ $_->{required} },
    } } @bodies;
}


# The parameters that are in that place.
sub parameters {
    my ($operation, $place) = @_;

    return grep { $_->{in} eq $place } @{ $operation->{parameters} };
}


# All fields of a body, those inside of others too: name, short (the last part
# of it), schema, required.
sub body_fields {
    my ($operation, $schema, $name) = @_;

    if (@_ == 1) {
        return () if !$operation->{body};
        return body_fields($operation, $operation->{body}, '');
    }

    my %required = map { $_ => 1 } @{ $schema->{required} // [] };

    return map {
        my $inner = $schema->{properties}{$_};
        my $full = length $name ? "$name.$_" : $_;
        my $items = $inner->{items};

        ({ name => $full, short => $_, schema => $inner,
           required => $required{$_} },
         $inner->{properties} ? body_fields($operation, $inner, $full) : (),
         $items ? body_fields($operation, $items, $full . '[0]') : ());
    } sort keys %{ $schema->{properties} // {} };
}


# --- values


# "string", "integer", ...; it may be null, too
sub type {
    my $type = shift->{type};

    return ref $type ? $type->[0] : $type;
}


# A value that a schema allows, as bare text.
sub sample {
    my $schema = shift;
    my $type = type($schema);

    return $schema->{enum}[0] if $schema->{enum};
    return $samples{ $schema->{format} } if $schema->{format};
    return 'ORD-1999-000001' if $schema->{pattern};
    return 'true' if $type eq 'boolean';
    return $schema->{minimum} // 1 if $type eq 'integer' || $type eq 'number';

    return 'x' x ($schema->{minLength} || 1);
}


sub json_of {
    my ($schema, $name, $set) = @_;

    return $set->{$name} if exists $set->{$name};

    my $type = type($schema);

    if ($type eq 'array') {
        return '[' . json_of($schema->{items}, $name . '[0]', $set) . ']';
    }

    if ($type ne 'object') {
        my $text = sample($schema);
        return $type eq 'string' ? qq("$text") : $text;
    }

    my @members;

    for (sort keys %{ $schema->{properties} // {} }) {
        my $inner = length $name ? "$name.$_" : $_;

        next if exists $set->{$inner} && !defined $set->{$inner};
        push @members, qq("$_":)
                       . json_of($schema->{properties}{$_}, $inner, $set);
    }

    return '{' . join(',', @members, $set->{"$name+"} // ()) . '}';
}


sub form_of {
    my ($schema, $set) = @_;

    return join '&', arguments($set, '', map {
        [$_, $schema->{properties}{$_}]
    } sort keys %{ $schema->{properties} // {} });
}


# "name=value" of those that are not left out
sub arguments {
    my ($set, $place, @fields) = @_;
    my @arguments;

    for (@fields) {
        my ($name, $schema) = @$_;
        my $value = exists $set->{"$place$name"} ? $set->{"$place$name"}
                    : $named{$name} // sample($schema);

        push @arguments, "$name=$value" if defined $value;
    }

    return (@arguments, $set->{"$place+"} // ());
}


# --- requests


# The token's header of a user in that role.
sub bearer {
    my ($role, $user) = @_;

    return 'Authorization: Bearer '
           . OrderToken::sign(OrderTest::key_dir() . '/hs256.key', 'demo',
                              $user // user_id($users{$role}), $role, 3600)
           . "\n";
}


# ask(OPERATION, REPLACEMENTS, headers => LINES, json => TEXT, form => TEXT,
# type => TYPE): the answer.  "form => 1" sends the body as a form, "type" a
# body as it is under another type.
sub ask {
    my ($operation, $set, %how) = @_;
    my $body = $operation->{body};

    if ($body && !grep { defined $how{$_} } qw(json form type)) {
        $how{json} = json_of($body, '', $set);
    }

    if (($how{form} // '') eq '1') {
        $how{form} = form_of($body, $set);
    }

    $how{headers} .= headers($operation, $set)
                     . signature($operation, $set, \%how);

    if (defined(my $type = delete $how{type})) {
        $how{body} = delete $how{json};
        $how{headers} .= "Content-Type: $type\n";
    }

    my $target = target($operation, $set);

    return opened($operation->{stream}, $target, $how{headers})
        if $operation->{stream} && !grep { defined $how{$_} } qw(json form);

    $how{headers} .= "Upgrade: websocket\nConnection: Upgrade\n"
                     . "Sec-WebSocket-Version: 13\n"
                     . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
        if $operation->{stream} eq 'ws';

    return over("$operation->{method} $target", %how);
}


# The beginning of a stream, which is closed then.
sub opened {
    my ($kind, $target, $headers) = @_;
    my $stream = OrderStream->can($kind)->($target, headers => $headers);
    my $streams = $stream->{code} =~ /^(?:101|200)$/;
    my $first = $streams ? $stream->next->{text} : $stream->{body};

    return { %$stream{qw(code raw headers)}, body => $first,
             told => [$streams ? $first : ()] };
}


sub target {
    my ($operation, $set) = @_;
    my $path = $operation->{path};

    for (parameters($operation, 'path')) {
        my $value = $set->{"path $_->{name}"} // sample($_->{schema});

        $path =~ s/\{\Q$_->{name}\E\}/$value/;
    }

    my @query = arguments($set, 'query ', map { [@$_{qw(name schema)}] }
                                              parameters($operation, 'query'));

    return @query ? "$path?" . join '&', @query : $path;
}


# Headers are sent where they are given.
sub headers {
    my ($operation, $set) = @_;

    return join '', map {
        my $value = $set->{"header $_->{name}"};
        defined $value ? "$_->{name}: $value\n" : ();
    } parameters($operation, 'header');
}


sub signature {
    my ($operation, $set, $how) = @_;

    return '' if !$operation->{flags}{signed};

    my ($source) = $operation->{path} =~ m{([^/]+)$};
    my %id = exists $set->{'header webhook-id'}
             ? (id => $set->{'header webhook-id'}) : ();
    my $lines = webhook($source, $how->{json} // $how->{form} // '', %id);

    # headers() has sent that one
    $lines =~ s/^webhook-id:.*\n//m if %id;

    return $lines;
}


# On a connection that is kept; nginx closes it now and then.
sub over {
    my ($line, %how) = @_;

    $connection = connection() if !$connection || ++$asked % 900 == 0;

    my $got = call($line, %how, on => $connection);

    if (!$got->{code}) {
        $connection = connection();
        $got = call($line, %how, on => $connection);
    }

    undef $connection if ($got->{headers}{connection} // '') eq 'close';

    return $got;
}

1;
