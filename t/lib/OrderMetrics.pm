# What a suite asks of order_metrics: its series, and which of them move.
#
#     metrics_config();
#     my %moved = moved(qr/^polls_total/, sub { ... });
#
# A series is named without the prefix that all have: "feed_up",
# 'polls_total{result="hit"}'.

package OrderMetrics;

use strict;
use warnings;

use Exporter 'import';
use File::Temp ();
use Test::More ();

use OrderClient;
use OrderTest;

our @EXPORT = qw(metric metrics metrics_config moved moves promtool series
                 shop_metrics);

{
    package Test::Base::Filter;

    OrderMetrics->import;
}


# Every block without a "config" has the API, /metrics, and the probes, which
# may look at who asks and are no requests of the API for that.
sub metrics_config {
    shop_metrics("''");

    Test::Nginx::Util::add_block_preprocessor(sub {
        my $block = shift;

        $block->set_value(config => <<'END') if !defined $block->config;
    location ~ ^/(api|orders|cart-items|seller|ws)(/|$) { order_api; }
    location = /metrics { set $who $order_user; order_metrics; }
    location = /live { set $who $order_user; order_health live; }
    location = /ready { order_health ready; }
END
    });
}


# What the database says of the shop from now on, as an expression.
sub shop_metrics {
    my $text = shift;

    sql("CREATE OR REPLACE FUNCTION api.order_metrics() RETURNS text
             LANGUAGE sql SECURITY DEFINER SET search_path = shop, pg_temp
             AS \$f\$ SELECT $text \$f\$;
         GRANT EXECUTE ON FUNCTION api.order_metrics() TO order_api");
}


sub series {
    my $text = shift;
    my %values;

    for (split /\n/, $text) {
        next if /^#/;
        /^(?:nginx_order_)?(\w+(?:\{.*\})?) (\S+)$/ or die "no sample: $_\n";
        die "twice: $1\n" if exists $values{$1};
        $values{$1} = $2;
    }

    return %values;
}


sub metrics {
    my $got = call('GET /metrics', @_);

    die "/metrics: $got->{code}\n" if $got->{code} != 200;

    return series($got->{body});
}


sub metric {
    my ($name, @how) = @_;
    my %values = metrics(@how);

    return $values{$name};
}


# By how much series whose names match have changed since before.
sub moved {
    my ($which, $code, @how) = @_;
    my %before = metrics(@how);

    $code->();

    my %after = metrics(@how);
    my @names = grep { $after{$_} != ($before{$_} // 0) }
                grep { /$which/ } keys %after;

    return map { $_ => $after{$_} - ($before{$_} // 0) } @names;
}


# moves(CODE, NOTE, SERIES => BY ...): exactly these move, of the families that
# count requests and what is asked of the database for them.
sub moves {
    my ($code, $note, %expected) = @_;
    my %moved = moved(qr/^(?:polls|requests|tokens|webhooks|push_\w+
                           |db_queries)_total(?!\{lane="(?:feed|slow)")/x,
                      $code);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::is_deeply(\%moved, \%expected, $note);
}


# What promtool finds wrong with a scrape.
sub promtool {
    my $file = File::Temp->new;

    print $file shift;
    close $file;

    my $said = `promtool check metrics < $file 2>&1`;

    return $? == 0 ? $said : "$said(exit $?)";
}

1;
