# nginx is reloaded, its binary upgraded and rolled back, and the module
# replaced by one whose shared zone has another layout, while clients poll,
# order and subscribe: no request fails, no change is lost.
#
# Who finds its kept connection closed while it was idle sends again, as HTTP
# clients do; writes with the same Idempotency-Key.
#
# While two nginx run side by side, or two zones, a poll may come to the one
# that is behind by milliseconds, as with any two nodes: then it must be there
# soon.  At other times no poll goes backwards.

use strict;
use warnings;

use lib 't/lib', 't/drill';

use Cwd qw(abs_path);
use Drill;
use OrderStream;
use Storable qw(nstore retrieve);
use Test::More;

my $rounds = $ENV{DRILL_ROUNDS} // scaled(1, 10);
my $soon = 5;                      # seconds

alarm 200 + 200 * $rounds;

my $modules = work() . '/modules';
my $path = "$modules/ngx_http_order_module.so";
my $first = $ENV{TEST_NGINX_LOAD_MODULES}
            || abs_path('build/ngx_http_order_module.so');
my $other = work() . '/other/ngx_http_order_module.so';

run_command('t/drill/other_layout', work() . '/other', 77);
mkdir $modules;
chmod 0755, $modules;
replace($first);

my $node = node(daemon => 1, module => $path,
                http => 'order_push_drain 500ms;');
sql('UPDATE shop.products SET stock = 100000000');

my $buyer = $node->client('buyer');
my @orders = map { place($buyer) } 1 .. 60;
my @watched = @orders[0 .. 14];
my ($two, $stop, $final) = map { work() . "/$_" } qw(two stop final);


# Puts the file where the module is, as install and dpkg do.
sub replace {
    run_command('cp', shift, "$path.new");
    rename "$path.new", $path or die "$path: $!\n";
}


# --- clients


# A request, sent again if the connection was closed while it was kept.
sub again {
    my ($client, $count, $request) = @_;
    my $kept = $client->{socket};
    my $answer = $request->();

    if (($answer->{error} // '') eq 'closed' && $kept) {
        $count->{resent}++;
        $answer = $request->();
    }

    return $answer;
}


# Polls the order, and again if it is behind and may be: what it is to be is
# in $known.
sub look {
    my ($client, $count, $known, $id) = @_;
    my $start = time;
    my $aside = -e $two;

    for ( ;; ) {
        my $poll = again($client, $count, sub {
            $client->request('GET', "/api/order-status/$id")
        });
        my ($version) = ($poll->{body} // '') =~ /"version":(\d+)/;
        my ($cache) = ($poll->{head} // '') =~ /^X-Order-Cache: (\w+)/m;

        $count->{polls}++;
        $count->{ $cache // 'none' }++;

        if (!defined $version) {
            $client->fault("$id: " . ($poll->{error} // $poll->{status}));
            return;
        }

        if ($version >= ($known->{$id} // 0)) {
            $known->{$id} = $version;
            $count->{longest} = max($count->{longest} // 0, time - $start)
                if $count->{"behind $id"};
            delete $count->{"behind $id"};
            return;
        }

        $count->{behind}++ if !$count->{"behind $id"}++;

        if (!$aside && !-e $two || time - $start > $soon) {
            $client->fault("$id: $version after $known->{$id}, $cache");
            return;
        }
    }
}


sub poller {
    my $client = $node->client('buyer');
    my (%count, %known);

    until (-e $stop) {
        look($client, \%count, \%known, $orders[rand @orders]);
        sleep 0.001;
    }

    return { $client->result, count => \%count };
}


# Places orders and moves them; every change that was acknowledged is seen.
sub writer {
    my $client = $node->client('buyer');
    my $seller = $node->client('seller');
    my (%count, %known, @placed);

    until (-e $stop) {
        my $key = "upgrade-$$-" . @placed;
        my $answer = again($client, \%count, sub {
            $client->post('/api/place-order', place_body(32, 1), $key)
        });
        my ($id) = ($answer->{body} // '') =~ /"order_id":\s*"([^"]+)"/;

        if (!defined $id) {
            $client->fault('order: ' . ($answer->{error} // $answer->{body}));
            last;
        }

        push @placed, $id;
        $known{$id} = 1;

        for my $status (qw(confirmed processing)) {
            $answer = again($seller, \%count, sub {
                $seller->move($id, $status)
            });
            $client->fault("$status: "
                           . ($answer->{error} // $answer->{body}))
                if ($answer->{status} // 0) != 200;
            $known{$id}++;
            look($client, \%count, \%known, $id);
        }

        sleep 0.02;
    }

    return { $client->result, count => \%count, placed => \@placed,
             known => \%known };
}


# Changes that no nginx knows of.
sub psql {
    my $update = dbh()->prepare('UPDATE shop.orders SET order_notes = ?'
                                . ' WHERE id = ?');
    my $n = 0;

    until (-e $stop) {
        $update->execute($n++, $orders[rand @orders]);
        sleep 0.01;
    }

    return { count => { changes => $n } };
}


# Streams of an order each, that come back with the id of what they saw last:
# each version comes once, in order.
sub subscribers {
    my (%count, @faults);
    my @mine = map { { id => $_, version => 0, wake => 0 } } @watched;
    my ($expected, $deadline);

    for ( ;; ) {
        my $bits = '';

        for my $one (@mine) {
            come($one, \%count) if !$one->{stream} && $one->{wake} <= time;
            vec($bits, fileno $one->{stream}{socket}, 1) = 1
                if $one->{stream};
        }

        select $bits, undef, undef, 0.02;

        for my $one (@mine) {
            next if !$one->{stream};
            next if !vec($bits, fileno $one->{stream}{socket}, 1);
            $one->{stream}->pump(0);
            hear($one, \%count, \@faults);
        }

        if (!$expected && -e $final) {
            $expected = retrieve($final);
            $deadline = time + 20;
        }

        last if $expected
                && (time > $deadline
                    || !grep { $_->{version} != $expected->{ $_->{id} } }
                             @mine);
    }

    push @faults, map { "$_->{id}: $_->{version} in the end" }
                  grep { $_->{version} != $expected->{ $_->{id} } } @mine;

    return { faults => \@faults, count => \%count };
}


sub come {
    my ($one, $count) = @_;

    $one->{stream} = eval {
        sse("/api/orders/$one->{id}/events", port => $node->{port},
            as => 'buyer', nowait => 1, last => $one->{last});
    };
    $count->{streams}++;
}


sub hear {
    my ($one, $count, $faults) = @_;
    my $stream = $one->{stream};

    while (my $event = shift @{ $stream->{events} }) {
        my $text = $event->{text};
        my ($type, $place) = $text =~ /^\{"type":"(\w+)"(?:,"id":"([^"]+)")?/;
        my ($version) = $text =~ /"version":(\d+)/;

        if ($type eq 'snapshot' && !$one->{version}
            || $type eq 'order_status_update'
               && $version == $one->{version} + 1)
        {
            $one->{version} = $version;
            $count->{told}++;

        } elsif ($type eq 'end') {
            $count->{ended}++;

        } elsif ($type ne 'ready') {
            push @$faults, "$one->{id}: $type $version after"
                           . " $one->{version}";
        }

        $one->{last} = $place if defined $place;
    }

    return if !$stream->{closed} && !$stream->{ended};

    push @$faults, "$one->{id}: answered $stream->{code}"
        if $stream->{code} && $stream->{code} != 200;
    $stream->close;
    delete $one->{stream};
    $one->{wake} = time + 0.05;
}


# --- what an operator does


sub touch_file {
    open my $out, '>', shift or die "$!\n";
}


# The file that the process runs the module from, "(deleted)" or not.
sub runs {
    my $pid = shift;

    open my $in, '<', "/proc/$pid/maps" or return 'gone';
    my %files = map { $_ => 1 } map { m{ (/\S*ngx_http_order\S*.*)$} ? $1 : () }
                                <$in>;

    return join ', ', sort keys %files;
}


sub gone_all {
    my ($what, @pids) = @_;

    ok(wait_until(30, sub { !grep { !DrillNode::gone($_) } @pids }), $what)
        or diag(map { "$_ " . DrillNode::title($_) . "\n" } @pids);
}


# USR2: the new master's process, once its workers have the open orders.
sub upgrade {
    my $what = shift;
    my $old = $node->{pid};
    my $new;

    $node->mark;
    touch_file($two);
    kill 'USR2', $old;
    ok(wait_until(30, sub {
        $new = $node->pid_of('nginx.pid');
        return ($new // $old) != $old
               && $node->log =~ /orders were loaded in/;
    }), "$what: the new nginx has the open orders");
    like($node->log, qr/order_zone "orders" is new/, "$what: in a new zone");

    return ($old, $new);
}


# WINCH, QUIT
sub retire {
    my ($what, $old) = @_;
    my @workers = grep { DrillNode::title($_) =~ /worker process/ }
                  Drill::children($old);

    kill 'WINCH', $old;
    gone_all("$what: the old workers leave", @workers);
    unlink $two;

    return @workers;
}


sub upgraded {
    my ($what) = @_;
    my ($old, $new) = upgrade($what);

    sleep 0.5;
    retire($what, $old);
    sleep 0.5;
    kill 'QUIT', $old;
    gone_all("$what: the old master leaves", $old);
    $node->{pid} = $new;
    sleep 0.5;
}


# The old workers come back: they have not followed the changes meanwhile.
sub rolled_back {
    my $what = 'rolled back';
    my ($old, $new) = upgrade($what);

    sleep 0.5;
    retire($what, $old);
    sleep 0.5;

    touch_file($two);
    my @workers = Drill::children($new);
    kill 'HUP', $old;
    ok(wait_until(10, sub {
        2 == grep { DrillNode::title($_) =~ /worker process$/ }
                  Drill::children($old)
    }), "$what: the old nginx has workers again");
    sleep 0.3;
    kill 'QUIT', $new;
    gone_all("$what: the new nginx leaves", @workers, $new);
    sleep 0.5;
    unlink $two;
    sleep 0.5;
}


# Returns when the workers of now are gone.
sub reloaded {
    my $what = shift;
    my @old = $node->workers;

    $node->mark;
    $node->reload;
    gone_all("$what: the old workers leave", @old);
    sleep 0.3;
}


# --- the drill

spawn('poller', \&poller) for 1 .. 2;
spawn('writer', \&writer);
spawn('psql', \&psql);
spawn('subscribers', \&subscribers);
sleep 0.5;

for (1 .. $rounds) {
    reloaded('reload');
    unlike($node->log, qr/is new/, 'reload: the zone is kept');

    upgraded('binary upgrade');
    rolled_back();

    replace($other);
    reloaded('the file replaced, reload');
    like(runs(($node->workers)[0]), qr/^\S+ \(deleted\)$/,
         'the file replaced, reload: what ran goes on');
    unlike($node->log, qr/is new/,
           'the file replaced, reload: the zone is kept');

    upgraded('the file replaced, binary upgrade');
    is(runs(($node->workers)[0]), $path,
       'the file replaced, binary upgrade: the new file runs');

    my $second = "$modules/ngx_http_order_module-2.so";
    run_command('cp', $first, $second);
    $node->configure(module => $second);
    touch_file($two);
    reloaded('another file, reload');
    unlink $two;
    is(runs(($node->workers)[0]), $second,
       'another file, reload: the new file runs');
    like($node->log, qr/is new.*orders were loaded/s,
         'another file, reload: in a new zone');
    sleep 0.5;

    replace($first);
    $node->configure(module => $path);
    touch_file($two);
    reloaded('the first file, reload');
    unlink $two;
    sleep 0.5;
}


# --- what came of it

touch_file($stop);
sleep 1;
nstore({ map { @$_ } @{ dbh()->selectall_arrayref(
             'SELECT id, version FROM shop.orders') } }, "$final.new");
rename "$final.new", $final;

my @results = stop_all('wait');
my %count;

for my $result (@results) {
    my $count = $result->{count} // {};
    my $longest = max($count{longest} // 0, $count->{longest} // 0);

    $count{$_} += $count->{$_} for keys %$count;
    $count{longest} = $longest;
}

my @faults = map { @{ $_->{faults} // [] } } @results;
my ($writer) = grep { $_->{placed} } @results;
my $rows = dbh()->selectall_hashref(
    'SELECT id, version FROM shop.orders', 'id');

is(scalar(grep { $_->{died} } @results), 0, 'all processes came through');
is_deeply([@faults[0 .. min(9, $#faults)]], [],
          'no request failed, no change was lost or told twice');
is(keys %$rows, @orders + @{ $writer->{placed} },
   'each order was placed once');
is_deeply([grep { $rows->{$_}{version} != $writer->{known}{$_} }
                @{ $writer->{placed} }], [],
          'and each of its changes made once');

my ($checked, @differ) = same_as_database($node);
is_deeply(\@differ, [], 'the cache equals the database');
$node->{mark} = 0;
is_deeply([$node->alarms], [], 'nothing alarmed');
is(scalar($node->workers), 2, 'as many workers as before');
ok(wait_until(10, sub { feed_backends() == 1 }), 'one session listens');

diag(join ', ', map { sprintf '%s %.5g', $_, $count{$_} } sort keys %count);

done_testing();
