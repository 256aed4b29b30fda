# conf/grafana/order-dashboard.json and conf/prometheus/order-alerts.yml with a
# real Prometheus that scrapes a real nginx: every expression is understood,
# names what there is, and has an answer.

use strict;
use warnings;

use lib 't/lib';
use OrderTest;
use OrderClient;
use Test::Nginx::Socket;

use Cwd qw(abs_path);
use File::Path qw(make_path);
use HTTP::Tiny;
use JSON::PP ();

our $rules = abs_path('conf/prometheus/order-alerts.yml');
our $dashboard = JSON::PP->new->decode(
    text_of('conf/grafana/order-dashboard.json'));

# what only has an answer when something is wrong, or somebody does it
our $seldom = qr/5xx|^nginx_order_oldest.*> 0|increase1h > 0/;

my $prometheus;


sub text_of {
    my $file = shift;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;

    return scalar <$in>;
}


# The panels, and what they ask.
sub panels {
    return grep { $_->{type} ne 'row' } @{ $dashboard->{panels} };
}


sub expressions {
    return map { $_->{expr} } map { @{ $_->{targets} } } panels();
}


# --- Prometheus


# start_prometheus(PORT, TARGET)
sub start_prometheus {
    my ($port, $target) = @_;
    my $dir = "$ENV{TEST_NGINX_SERVROOT}/prometheus";

    make_path($dir);

    open my $out, '>', "$dir/prometheus.yml" or die "$dir: $!\n";
    print $out <<"END";
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: ["$rules"]
scrape_configs:
  - job_name: nginx-order
    static_configs:
      - targets: ["127.0.0.1:$target"]
END
    close $out or die "$dir: $!\n";

    $prometheus = fork // die "fork: $!\n";

    if ($prometheus == 0) {
        open STDERR, '>', "$dir/log";
        open STDOUT, '>&', \*STDERR;
        exec 'prometheus', "--config.file=$dir/prometheus.yml",
             "--storage.tsdb.path=$dir/data", '--log.level=warn',
             "--web.listen-address=127.0.0.1:$port"
            or POSIX::_exit(127);
    }
}


sub stop_prometheus {
    return if !$prometheus;

    kill 'KILL', $prometheus;
    waitpid $prometheus, 0;
    undef $prometheus;
}

END {
    local $?;
    stop_prometheus();
}


# What its API answers to a path, or to a query.
sub ask {
    my ($port, $path, $query) = @_;
    my $url = "http://127.0.0.1:$port/api/v1/$path";
    my $got = defined $query
        ? HTTP::Tiny->new->post_form($url, { query => $query })
        : HTTP::Tiny->new->get($url);

    return eval { JSON::PP->new->decode($got->{content}) }
           // { status => 'none', error => $got->{content} };
}


# The samples of a query, or what is wrong with it.
sub samples {
    my ($port, $query) = @_;

    # as Grafana does
    $query =~ s/\$__rate_interval/10s/g;
    $query =~ s/\$(?:instance|workflow)\b/.*/g;

    my $got = ask($port, 'query', $query);

    return $got->{status} eq 'success' ? $got->{data}{result}
                                       : "$got->{error}";
}


# --- a shop where something has happened

order_id('delivered', status => 'delivered');
order_id('cancelled', status => 'cancelled');
order_id('paid', status => 'processing');
sql("UPDATE shop.orders SET payment_status = 'paid' WHERE id = '"
    . order_id('paid') . "'");

plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: the dashboard is what Grafana reads, and nothing lies on another
--- play
my @panels = @{ $main::dashboard->{panels} };
my (%ids, @overlaps);

cmp_ok $main::dashboard->{schemaVersion}, '>=', 36, 'the schema';
is_deeply [sort map { $_->{name} }
           @{ $main::dashboard->{templating}{list} }],
          [qw(datasource instance workflow)], 'the variables';
$ids{$_->{id}}++ for @panels;
is_deeply [grep { $ids{$_} > 1 } keys %ids], [], 'each panel has an id';

for my $i (0 .. $#panels) {
    my $a = $panels[$i]{gridPos};

    push @overlaps, "$panels[$i]{title} is too wide"
        if $a->{x} < 0 || $a->{x} + $a->{w} > 24;

    for my $j ($i + 1 .. $#panels) {
        my $b = $panels[$j]{gridPos};

        push @overlaps, "$panels[$i]{title} and $panels[$j]{title}"
            if $a->{x} < $b->{x} + $b->{w} && $b->{x} < $a->{x} + $a->{w}
               && $a->{y} < $b->{y} + $b->{h}
               && $b->{y} < $a->{y} + $a->{h};
    }
}

is_deeply \@overlaps, [], 'the layout';
is_deeply [map { $_->{title} } grep {
               $_->{datasource}{uid} ne '${datasource}'
               || !@{ $_->{targets} }
               || grep { $_->{datasource}{uid} ne '${datasource}' }
                      @{ $_->{targets} } } main::panels()], [],
          'each panel asks the data source that is chosen';


=== TEST 2: a real Prometheus understands all, and has an answer
--- config
    location ~ ^/(api|orders|cart-items|seller|ws)(/|$) { order_api; }
    location = /metrics { order_metrics; }
--- play
my $port = OrderTest::free_port();
my $path = '/api/order-status/' . order_id('paid');

# what has no series before it is there once
call('GET /api/products');
call("GET $path", as => 'buyer');

ok wait_until(sub { call('GET /metrics')->{body} =~ /^nginx_order_orders/m },
              60), 'nginx has the figures of the shop';
start_prometheus($port, $ENV{TEST_NGINX_SERVER_PORT});
ok wait_until(sub { ref samples($port, 'up') && @{ samples($port, 'up') } },
              60), 'Prometheus is there';

call("GET $path", as => 'buyer');
call('GET /api/products');

# the figures of a rate are there after two scrapes, those of a rule later

ok wait_until(sub {
    my $got = samples($port, 'instance_lane:nginx_order_db_query_duration_'
                             . 'seconds:p99_5m');
    my $scrapes = samples($port, 'count_over_time(up[1m]) > 2');
    my $recorded = samples($port, 'workflow:nginx_order_created:increase1d');

    return !grep { !ref || !@$_ } $got, $scrapes, $recorded;
}, 60), 'and has scraped';

is samples($port, 'up')->[0]{value}[1], 1, 'without fault';

# the rules

my @loaded = map { @{ $_->{rules} } }
             @{ ask($port, 'rules')->{data}{groups} };

cmp_ok scalar @loaded, '>', 30, 'the rules are loaded';
is_deeply [map { "$_->{name}: " . ($_->{lastError} // '') }
           grep { $_->{health} ne 'ok' } @loaded], [], 'and well';
is_deeply [map { $_->{name} }
           grep { ($_->{state} // '') eq 'firing' } @loaded], [],
          'where all is well, none fires';

# every name

my $scrape = call('GET /metrics')->{body};
my %there = map { $_ => 1 } $scrape =~ /^# TYPE (\w+)/mg;
$there{$_->{name}} = 1 for grep { $_->{type} eq 'recording' } @loaded;

my %unknown;
for my $text (main::expressions(), map { $_->{query} } @loaded) {
    for my $name ($text =~ /((?:\w+:)?nginx_order_\w+(?::\w+)?)/g) {
        my $family = $name =~ s/_(?:bucket|sum|count)$//r;
        $unknown{$name} = 1 if !$there{$name} && !$there{$family};
    }
}

is_deeply [sort keys %unknown], [],
          'panels and rules name what nginx tells, and nothing else';

# every panel

for my $panel (main::panels()) {
    for my $target (@{ $panel->{targets} }) {
        my $expr = $target->{expr};
        my $got = samples($port, $expr);

        if (!ref $got) {
            fail("$panel->{title}: $got");

        } elsif ($expr =~ $main::seldom) {
            pass("$panel->{title}: is understood");

        } else {
            ok scalar @$got, "$panel->{title}: has an answer" or diag $expr;
        }
    }
}

main::stop_prometheus();
