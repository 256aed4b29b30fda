# An HTTP client that keeps its connection, knows which worker has it, and
# tells exactly what went wrong.  It checks each poll against those before it.

package DrillClient;

use strict;
use warnings;

use Errno;
use IO::Socket::INET;
use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8;
my %parsed;


# port, token, timeout in seconds; lossy => 1 where versions may repeat in
# another timeline
sub new {
    my ($class, %self) = @_;

    return bless { timeout => 10, headers => '', version => {}, seen => {},
                   place => {}, faults => [], worker => 0, %self }, $class;
}


sub connect {
    my $self = shift;

    $self->close;

    for (1 .. 2) {
        $self->{socket} = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $self->{port}, Proto => 'tcp');
        last if $self->{socket} || !$!{EINTR};
    }

    return 0 if !$self->{socket};
    setsockopt $self->{socket}, IPPROTO_TCP, TCP_NODELAY, 1;
    $self->{fresh} = 1;

    return 1;
}


sub close {
    my $self = shift;

    CORE::close(delete $self->{socket}) if $self->{socket};
    $self->{worker} = 0;
}


# Connects, and learns which worker it is that has the connection.
sub attach {
    my $self = shift;

    $self->connect or return 0;
    my $answer = $self->request('GET', '/pid');
    $self->{worker} = $answer->{body} if ($answer->{status} // 0) == 200;

    return $self->{worker};
}


# Returns { status, head, body, ms }, or { error, ms }, where error is
#
#     connect    nobody listens
#     closed     the connection was closed before a byte of the answer
#     torn       or within the answer
#     timeout    no answer in time
#
# and then the connection is gone.
sub request {
    my ($self, $method, $path, $headers, $body) = @_;
    my $start = time;

    $self->{asked} = "$method $path";

    if (!$self->{socket} && !$self->connect) {
        return { error => 'connect', ms => 1000 * (time - $start) };
    }

    my $answer = $self->exchange($self->text($method, $path, $headers,
                                             $body), $start);
    $answer->{ms} = 1000 * (time - $start);
    $answer->{fresh} = $self->{fresh};
    $self->{fresh} = 0;

    $self->close
        if $answer->{error} || $answer->{head} =~ /^Connection: close/mi;

    return $answer;
}


sub text {
    my ($self, $method, $path, $headers, $body) = @_;
    my $text = "$method $path HTTP/1.1\r\nHost: drill\r\n";

    $text .= "Authorization: Bearer $self->{token}\r\n"
        if defined $self->{token};
    $text .= $headers if defined $headers;
    $text .= 'Content-Length: ' . length($body) . "\r\n" if defined $body;

    return "$text\r\n" . ($body // '');
}


sub exchange {
    my ($self, $text, $start) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $written = syswrite $self->{socket}, $text;
    return { error => 'closed' } if ($written // 0) != length $text;

    return $self->answer($start);
}


# What comes next on the connection; within the time limit from "start" on.
sub answer {
    my ($self, $start) = @_;
    my $socket = $self->{socket};
    my $buffer = '';
    my $length;

    $start //= time;

    for ( ;; ) {
        my $left = $start + $self->{timeout} - time;
        my $vector = '';
        vec($vector, fileno $socket, 1) = 1;

        return { error => 'timeout' } if $left <= 0;

        # a signal may have come instead
        next if select($vector, undef, undef, $left) <= 0;

        my $n = sysread $socket, $buffer, 65536, length $buffer;
        next if !defined $n && $!{EINTR};
        return { error => length $buffer ? 'torn' : 'closed' } if !$n;

        if (!defined $length && (my $end = index $buffer, "\r\n\r\n") > 0) {
            my ($body) = substr($buffer, 0, $end) =~ /^Content-Length: (\d+)/mi;
            $length = $end + 4 + ($body // 0);
        }

        last if defined $length && length $buffer >= $length;
    }

    my ($head, $body) = split /\r\n\r\n/, $buffer, 2;
    my ($status) = $head =~ m{^HTTP/1\.1 (\d{3}) };

    return { error => 'torn' }
        if !defined $status || length $buffer != $length;

    return { status => $status, head => $head, body => $body };
}


sub post {
    my ($self, $path, $body, $key) = @_;

    return $self->request('POST', $path, "Content-Type: application/json\r\n"
                          . (defined $key ? "Idempotency-Key: $key\r\n" : ''),
                          $body);
}


sub move {
    my ($self, $id, $status) = @_;

    return $self->post('/seller/update-order-status',
                       qq({"order_id":"$id","new_status":"$status"}));
}


# Polls an order: status, head and body as above, and cache, age, id, epoch,
# version, state (the order's status), number.  What must never be is in
# {faults}.
sub poll {
    my ($self, $id) = @_;
    my $answer = $self->request('GET', "/api/order-status/$id");

    $self->{polls}++;
    push @{ $self->{slow} }, $answer->{ms}
        if $answer->{ms} > 100 && !$answer->{error};
    return $answer if $answer->{error};

    ($answer->{cache}) = $answer->{head} =~ /^X-Order-Cache: (\w+)/mi;
    ($answer->{age}) = $answer->{head} =~ /^Age: (\d+)/mi;
    $self->{cache}{$answer->{cache} // $answer->{status}}++;
    return $answer if $answer->{status} != 200;

    %parsed = () if keys %parsed > 10000;
    my $order = $parsed{$answer->{body}}
        //= eval { $json->decode($answer->{body}) } // {};

    ($answer->{epoch}) = $answer->{head} =~ /^ETag: "(\d+)\./mi;
    $answer->{id} = $order->{order_id} // '';
    $answer->{version} = $order->{version} // -1;
    $answer->{state} = $order->{status} // '';
    $answer->{number} = $order->{order_number} // '';
    $self->watch($id, $answer);

    return $answer;
}


sub watch {
    my ($self, $id, $answer) = @_;
    my ($version, $state) = @$answer{qw(version state)};

    if ($answer->{id} ne $id || $version < 1 || $state eq '') {
        $self->fault("torn: asked $id: $answer->{body}");
        return;
    }

    # a fail-over that lost commits begins new versions
    my $place = $version
                + ($self->{lossy} ? ($answer->{epoch} // 0) * 2 ** 32 : 0);

    if ($place < ($self->{place}{$id} // 0)) {
        $self->fault("backwards: $id $self->{version}{$id} -> $version "
                     . "$answer->{cache}");
    }

    $self->{place}{$id} = $place;
    $self->{version}{$id} = $version;
    $self->{seen}{"$id $version"}{"$state $answer->{number}"} = 1;
}


sub fault {
    my ($self, $text) = @_;

    push @{ $self->{faults} }, $text if @{ $self->{faults} } < 20;
}


# What a process of load hands back.
sub result {
    my $self = shift;

    return map { $_ => $self->{$_} }
           qw(faults seen slow polls cache);
}


# What clients saw of orders that the database never was; "seen" of many.
sub never_true {
    my ($dbh, @seen) = @_;
    my (%true, @never);

    for my $row (@{ $dbh->selectall_arrayref(
            'SELECT id, version, status, number FROM drill_history') })
    {
        $true{"$row->[0] $row->[1]"} = "$row->[2] $row->[3]";
    }

    for my $seen (@seen) {
        for my $key (keys %$seen) {
            for my $what (keys %{ $seen->{$key} }) {
                push @never, "$key: $what, was " . ($true{$key} // 'never')
                    if ($true{$key} // '') ne $what;
            }
        }
    }

    return @never;
}

1;
