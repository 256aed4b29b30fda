# TAP for the parts of this test, on the machine and in the tree.


# ok TITLE COMMAND…: the command succeeds; else its output is shown.
ok() {
    local title=$1 said

    shift

    if said=$("$@" 2>&1); then
        printf 'ok - %s\n' "$title"
    else
        printf 'not ok - %s\n' "$title"
        printf '%s\n' "$said" | tail -30 | sed 's/^/# /'
    fi
}


# is GOT EXPECTED TITLE
is() {
    if [ "$1" = "$2" ]; then
        printf 'ok - %s\n' "$3"
    else
        printf 'not ok - %s\n' "$3"
        printf '%s\n' "got: $1" "expected: $2" | sed 's/^/# /'
    fi
}
