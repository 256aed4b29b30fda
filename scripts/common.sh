# What the scripts share.  Read in by a bash script that has set -eu.
#
#     top      the project's directory
#     build    what is made in it; git ignores it
#
# Nothing is started, made or written by reading this.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build

export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin


# Debian's packages, by what needs them

packages_build="gcc make libc6-dev nginx-dev libpq-dev libjansson-dev
    libssl-dev libwslay-dev"
packages_run="nginx postgresql sqitch libdbd-pg-perl openssl perl curl
    python3-psycopg"
packages_test="pgtap libtap-parser-sourcehandler-pgtap-perl
    libtest-base-perl libnet-dns-perl pgbouncer prometheus
    clang libclang-rt-dev nodejs npm chromium lintian mmdebstrap
    libgnutls-dane0 libidn12 libnsl2 libnss-wrapper
    systemd"
packages_package="debhelper dpkg-dev nginx"
packages_bench="wrk libnginx-mod-nchan"


say() {
    printf '%s: %s\n' "${0##*/}" "$*"
}


die() {
    say "$@" >&2
    exit 1
}


# Prints what stands at the head of the script, and leaves.
usage() {
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}


is_root() {
    [ "$(id -u)" -eq 0 ]
}


# --- packages


# Prints those that are neither installed nor provided by one that is.
packages_missing() {
    local name there

    there=$(dpkg-query -W \
        -f '${db:Status-Status} ${Package}, ${Provides},\n' \
        | sed -n 's/^installed//p')

    for name; do
        grep -qE " ${name//./\\.}( \([^)]*\))?," <<< "$there" \
            || printf '%s ' "$name"
    done
}


# Installs those of the packages that are missing: as root, or through sudo
# where it asks for no password.  The servers among them are not started:
# Debian asks policy-rc.d about that.
packages_install() {
    local missing sudo=

    missing=$(packages_missing "$@")

    [ "$missing" ] || return 0

    if ! is_root; then
        sudo="sudo -n"
        $sudo true 2>/dev/null \
            || die "please install, as root: apt-get install $missing"
    fi

    say "installing $missing"

    $sudo env DEBIAN_FRONTEND=noninteractive sh -c '
        policy=/usr/sbin/policy-rc.d

        if [ ! -e $policy ]; then
            trap "rm -f $policy" EXIT
            printf "#!/bin/sh\nexit 101\n" > $policy
            chmod 755 $policy
        fi

        apt-get -qq update \
        && apt-get -qq -y --no-install-recommends install "$@" \
               -o Dpkg::Use-Pty=0 > /dev/null' sh $missing \
        || die "apt-get could not install: $missing"
}


# debian_sources DIR TYPE: where this machine has Debian's packages from, as
# "deb" or "deb-src", into files of DIR.
debian_sources() {
    local file

    mkdir -p "$1"

    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list || true
    } 2>/dev/null \
        | sed -n "s/^deb \(.*debian.*\)/$2 \1/p" > "$1/debian.list"
    for file in /etc/apt/sources.list.d/*.sources; do
        grep -q 'URIs:.*debian' "$file" 2>/dev/null || continue
        sed "s/^Types:.*/Types: $2/" "$file" > "$1/${file##*/}"
    done
}


# --- waiting


# Runs the command every 20 ms until it succeeds; false after that many
# seconds.
wait_for() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))

    shift

    until "$@" > /dev/null 2>&1; do
        [ ${EPOCHREALTIME/./} -lt $end ] || return 1
        sleep 0.02
    done
}


port_open() {
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null
}


pid_gone() {
    ! kill -0 "$1" 2>/dev/null
}


# Prints a port of 127.0.0.1 that nobody listens on.
port_free() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
        Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}


# --- private PostgreSQL
#
# A cluster in DIR/data with its socket in DIR.  PostgreSQL refuses to run as
# root, so it is the user postgres who runs it then.  Who may log in over the
# socket is decided by the operating system's user; nobody needs a password
# there.  Over TCP order_api has one, in keys/order_api.password.


pg_bin() {
    local dir

    dir=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
    [ -x "$dir/postgres" ] || die "PostgreSQL is not installed"
    printf '%s\n' "$dir"
}


pg_as_owner() {
    if is_root; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}


# pg_init DIR: makes the cluster, if there is none.
pg_init() {
    local dir=$1 bin user

    bin=$(pg_bin)

    mkdir -p "$dir"
    chmod 755 "$dir"

    if is_root; then
        chown postgres: "$dir"
    fi

    [ -e "$dir/data/order.conf" ] && return

    pg_as_owner rm -rf "$dir/data"
    pg_as_owner "$bin/initdb" -D "$dir/data" -U postgres -E UTF8 \
        --locale=C.UTF-8 --no-sync > "$dir.initdb.log" 2>&1 \
        || { cat "$dir.initdb.log" >&2; die "initdb failed"; }
    rm -f "$dir.initdb.log"

    {
        for user in root postgres www-data nobody "$(id -un)"; do
            printf 'order %s order_api\n' "$user"
            printf 'order %s order_dispatch\n' "$user"
        done
        for user in root postgres "$(id -un)"; do
            printf 'order %s postgres\n' "$user"
        done
    } | pg_as_owner tee "$dir/data/pg_ident.conf" > /dev/null

    pg_as_owner tee "$dir/data/pg_hba.conf" > /dev/null <<END
local  all          all                peer map=order
local  replication  postgres           peer map=order
host   all          all  127.0.0.1/32  scram-sha-256
END

    printf "include 'order.conf'\n" \
        | pg_as_owner tee -a "$dir/data/postgresql.conf" > /dev/null
    pg_as_owner touch "$dir/data/order.conf"
}


# pg_settings DIR [SETTING…]: writes the cluster's settings; those given are as
# in postgresql.conf: "port = 5433".
pg_settings() {
    local dir=$1

    shift

    [ ${#dir} -le 90 ] \
        || die "$dir: too long for a socket's name, choose a shorter one"

    pg_as_owner tee "$dir/data/order.conf" > /dev/null <<END
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 128MB
max_wal_size = 2GB
shared_preload_libraries = 'pg_stat_statements'
log_line_prefix = '%m [%p] %q%u@%d %a '
$(printf '%s\n' "$@")
END
}


# pg_start DIR [SETTING…]: starts the cluster and waits until it answers.
pg_start() {
    local dir=$1

    pg_settings "$@"

    pg_as_owner "$(pg_bin)/pg_ctl" -D "$dir/data" -l "$dir/postgresql.log" \
        -w -t 60 start > /dev/null 9>&- \
        || { tail -20 "$dir/postgresql.log" >&2
             die "PostgreSQL did not start"; }
}


pg_running() {
    pg_as_owner "$(pg_bin)/pg_ctl" -D "$1/data" status > /dev/null 2>&1
}


# pg_stop DIR [MODE]
pg_stop() {
    if pg_running "$1"; then
        pg_as_owner "$(pg_bin)/pg_ctl" -D "$1/data" -w -m "${2:-fast}" stop \
            > /dev/null || true
    fi
}


# pg_env DIR [PORT]: makes psql and sqitch talk to it as its superuser.
pg_env() {
    export PGHOST=$1 PGPORT=${2:-5432} PGUSER=postgres PGDATABASE=shop
    unset PGPASSWORD PGSERVICE PGHOSTADDR
}


pg_sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}


# Makes or migrates the database that the environment names; with "demo" as
# its argument also fills it with the demo data, once.
schema_load() {
    "$top/sql/load"

    if [ "${1:-}" = demo ]; then
        pg_sql -f "$top/sql/demo.sql" > /dev/null
    fi
}


# test_database_start DIR: a PostgreSQL for tests, in no need of lasting; the
# schema and the demo's data are in the database "shop", which stays as it is
# and is a template for others; keys are in DIR/keys.
test_database_start() {
    pg_init "$1"
    pg_start "$1" "fsync = off" "full_page_writes = off" \
        "autovacuum_naptime = 5s"
    keys_make "$1/keys"
    (
        pg_env "$1"
        createdb shop
        schema_load demo
    )
}


# --- nginx as in the demo


# demo_conf DIR PORT WORKERS CONNINFO [password_file=FILE]: writes
# DIR/nginx.conf out of conf/demo.conf; the keys are in DIR/keys.
demo_conf() {
    local dir=$1 user=

    if is_root; then
        user="user www-data;"
    fi

    mkdir -p "$dir/temp"

    sed -e "s|@module@|$build/ngx_http_order_module.so|" \
        -e "s|@user@|$user|" -e "s|@workers@|$3|" \
        -e "s|@database@|$4|" -e "s| *@password@|${5:+ $5}|" \
        -e "s|@dir@|$dir|g" -e "s|@port@|$2|" \
        -e "s|@pages@|$(demo_pages "$dir")|" -e "s|@conf@|$top/conf|" \
        "$top/conf/demo.conf" > "$dir/nginx.conf"
}


# The pages as they stand here, so that one sees what one edits; a copy where
# nginx's workers cannot get there.
demo_pages() {
    local pages=$top/conf/pages

    if is_root && ! runuser -u www-data -- test -x "$pages"; then
        rm -rf "$1/pages"
        cp -r "$pages" "$1/pages"
        pages=$1/pages
    fi

    printf '%s\n' "$pages"
}


# demo_start DIR PORT: starts nginx and waits until it answers; its process is
# $nginx.
demo_start() {
    nginx -e "$1/error.log" -p "$1" -c "$1/nginx.conf" -g 'daemon off;' \
        9>&- &
    nginx=$!

    wait_for 10 port_open "$2" && ! pid_gone "$nginx" \
        || { tail -5 "$1/error.log" >&2; die "nginx did not start"; }
}


# demo_stop: that nginx, if there is one.
demo_stop() {
    [ "$nginx" ] || return 0

    kill -QUIT "$nginx" 2>/dev/null || return 0
    wait_for 5 pid_gone "$nginx" || kill -KILL "$nginx" 2>/dev/null || true
}


# --- keys and tokens


# keys_make DIR: random keys that only their owner may read, if there are
# none.  hs256.key is the secret, as it stands; es256.pem signs and
# es256.pub.pem verifies; SOURCE.webhook is what a provider signs with.
keys_make() {
    (
        umask 077
        mkdir -p "$1"
        cd "$1"

        for source in payment escrow shipping; do
            [ -s $source.webhook ] \
                || printf 'whsec_%s\n' "$(openssl rand -base64 32)" \
                       > $source.webhook
        done

        [ -s hs256.key ] || openssl rand -hex 32 | tr -d '\n' > hs256.key
        [ -s order_api.password ] \
            || openssl rand -hex 24 | tr -d '\n' > order_api.password

        if [ ! -s es256.pub.pem ]; then
            openssl genpkey -quiet -algorithm EC \
                -pkeyopt ec_paramgen_curve:P-256 -out es256.pem 2>/dev/null \
                || openssl genpkey -algorithm EC \
                       -pkeyopt ec_paramgen_curve:P-256 -out es256.pem
            openssl pkey -in es256.pem -pubout -out es256.pub.pem
        fi
    )
}


# token_sign KEYFILE KID USER ROLE SECONDS: prints a token, HS256.
token_sign() {
    perl -I "$top/t/lib" -MOrderToken -e 'print OrderToken::sign(@ARGV)' "$@"
}


# webhook_sign FILE BODY ID: prints the headers of a webhook, signed with the
# secret in FILE.
webhook_sign() {
    perl -I "$top/t/lib" -MOrderWebhook -e '
        print OrderWebhook::headers($ARGV[0], $ARGV[1], id => $ARGV[2])' "$@"
}
