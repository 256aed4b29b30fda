# nginx's own objects, for tests that run parts of the module without nginx.
# Read in by a bash script that has set -eu.
#
# NGINX_SRC    a complete source tree of nginx; by default the one of Debian's
#              package, which scripts/build --source fetches into build/source

nginx_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)


# Prints where the source is; the first to ask fetches it, and who comes
# meanwhile waits.
nginx_source() {
    local lock dir=${NGINX_SRC:-}

    if [ -f "$dir/src/core/ngx_palloc.c" ]; then
        (cd "$dir" && pwd)
        return
    fi

    mkdir -p "$nginx_top/build"

    exec {lock}> "$nginx_top/build/source.lock"
    flock $lock
    "$nginx_top/scripts/build" --source
    exec {lock}>&-
}


# nginx_objs DIR CC FLAG…: makes DIR/libnginx.a, all of nginx without HTTP,
# its main() renamed to ngx_main(), and DIR/flags, what a compiler needs to
# find the headers.  Does nothing if they are there and made alike; who comes
# meanwhile waits.
nginx_objs() {
    local lock

    mkdir -p "$(dirname "$1")"

    exec {lock}> "$1.lock"
    flock $lock
    nginx_objs_make "$@"
    exec {lock}>&-
}


nginx_objs_make() {
    local dir=$1 cc=$2 src like

    shift 2

    src=$(nginx_source)
    [ -f "$src/src/core/ngx_palloc.c" ] || { echo "no nginx source"; exit 1; }
    like="$src $cc $*"

    if [ -f "$dir/libnginx.a" ] && [ "$(cat "$dir/like")" = "$like" ]; then
        return
    fi

    rm -rf "$dir"
    mkdir -p "$dir"
    cp -R "$src/." "$dir/nginx"

    (
        cd "$dir/nginx"

        [ -x configure ] || ln -s auto/configure configure

        ./configure --builddir=objs --with-cc="$cc" --with-cc-opt="$*" \
            --without-http --without-pcre \
        && make -f objs/Makefile -j2 objs/ngx_modules.o \
            $(sed -n 's/^\(objs\/src[^:]*\.o\):.*/\1/p' objs/Makefile) \
        && objcopy --redefine-sym main=ngx_main objs/src/core/nginx.o \
        && ar rcs ../libnginx.a $(find objs -name '*.o')
    ) > "$dir/log" 2>&1 || true

    if [ ! -f "$dir/libnginx.a" ]; then
        tail "$dir/log" >&2
        return 1
    fi

    printf -- '-I%s/nginx/%s ' "$dir" src/core "$dir" src/event \
        "$dir" src/os/unix "$dir" objs > "$dir/flags"

    printf '%s\n' "$like" > "$dir/like"
}
