# The vocabulary of the cases. A case fails if one of its `need` lines fails. Sourced by tests/boot.

token=pat-boot-00000000-0123456789
state=/var/lib/consent-sync
unit=consent-sync.service

# need WORDS COMMAND…: the command must succeed; WORDS say what it checks.
need() {
    local words=$1
    shift
    "$@" > "$work/output" 2>&1 && return 0
    echo "WRONG: $words"
    echo "  $*"
    tail -8 "$work/output"
    wrong=1
    return 1
}
refuse() { ! "$@"; }
is() { [ "$1" = "$2" ] || { echo "it is: $1, expected: $2"; return 1; }; }
# within SECONDS COMMAND…: repeats the command until it succeeds.
within() {
    local end=$(($(date +%s) + $1))
    shift
    until "$@" > /dev/null 2>&1; do [ "$(date +%s)" -lt "$end" ] || { "$@"; return 1; }; sleep 0.1; done
}
property() { inside systemctl show -P "$2" "$1"; }
holds() { [[ $(property "$1" "$2") == $3 ]]; }
# The unit failed, and systemd does not restart it.
given_up() { [ "$(property "$unit" ActiveState) $(property "$unit" NRestarts)" = "failed 0" ]; }
tried_again() { [ "$(property "$unit" NRestarts)" -ge 1 ]; }
done_files() { [ "$(entries -u "$unit" EVENT=file.done -o cat | wc -l)" = "$1" ]; }
drop_in() {  # drop_in LINES: a drop-in for the unit, until drop_out or the end of the machine
    inside sh -c "mkdir -p /run/systemd/system/$unit.d; printf '[Service]\n$1\n' > /run/systemd/system/$unit.d/test.conf; systemctl daemon-reload"
}
drop_out() { inside sh -c "rm /run/systemd/system/$unit.d/test.conf; systemctl daemon-reload"; }
active() { inside systemctl is-active "${1:-$unit}"; }
# A case looks at the entries since its beginning. mark_journal writes an entry that no query of a case matches, because
# journalctl --after-cursor= omits the first match if the entry of the cursor does not match.
mark_journal() {
    inside sh -c 'echo begin | systemd-cat -t boot-case; journalctl --sync'
    cursor=$(inside journalctl -q -t boot-case -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p')
}
entries() { inside journalctl --sync; inside journalctl -q --cursor="$cursor" "$@"; }  # entries MATCH…
logged() { entries -u "${2:-$unit}" -o cat "EVENT=$1" | grep -q .; }
# says EVENT TEXT: an entry of that event has the text
says() { entries -u "$unit" -o cat "EVENT=$1" | grep -q -- "$2"; }
# rows FILE FIRST COUNT STATUS: makes a CSV file in the machine that everyone can read.
rows() {
    inside sh -c "awk -v first=$2 -v count=$3 -v status=$4 'BEGIN { print \"email,subscription_id,status\";
        for (i = first; i < first + count; i++) printf \"p%d@example.com,7,%s\\n\", i, status }' > /tmp/$1; chmod 644 /tmp/$1"
}
# drop_as USER FILE [STATE]
drop_as() { inside_as "$1" sh -c "cp /tmp/$2 ${3:-$state}/inbox/.$2.tmp && mv ${3:-$state}/inbox/.$2.tmp ${3:-$state}/inbox/$2"; }
# verdict_of NAME VERDICT [STATE]: the count of that verdict in a finished file
verdict_of() {
    inside sh -c "cat ${3:-$state}/reports/*/files.ndjson" | grep "\"name\":\"$1\"" | grep -o "\"$2\":[0-9]*" | head -1 | cut -d: -f2
}
# delivered NAME ROWS [STATE]: the file is done, and ROWS of its rows are confirmed or superseded.
delivered() {
    local confirmed superseded
    confirmed=$(verdict_of "$1" confirmed "${3:-$state}") superseded=$(verdict_of "$1" superseded "${3:-$state}")
    [ "$((${confirmed:--1} + ${superseded:-0}))" = "$2" ]
}
done_with() { [ "$(verdict_of "$1" confirmed "${3:-$state}")" = "$2" ]; }
sim() { inside curl -s --cacert /etc/consent-sync/ca.pem "https://localhost:8443/sim/$1" "${@:2}"; }
sim_set() { sim options -d "$1"; }
unsubscribed() { sim state.ndjson | grep -c UNSUBSCRIBED; }
under_way() { sim counters | grep -q '"in_flight":[1-9]'; }
violations() { sim counters | grep -o '"twice_in_[a-z]*":[0-9]*' | grep -vc ':0$'; }
put_token() { inside sh -c "mkdir -p /etc/credstore && umask 077 && echo $1 > /etc/credstore/consent-sync.hubspot-token"; }
write_config() {  # write_config NAME MORE [MONITOR]
    inside sh -c "cat > /etc/consent-sync/$1.json" <<JSON
{ "hubspot": { "base_url": "https://localhost:8443", "ca_file": "/etc/consent-sync/ca.pem" },
  "inbox": { "settle": "200ms", "rescan": "2s" }, "batch": { "max_wait": "200ms" }, "monitor": { "listen": ${3:-null} }, $2 }
JSON
}
# Prints what bash completes the last word to.
complete_to() {
    inside bash -c '. /usr/share/bash-completion/completions/consent-sync
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _consent_sync 2> /dev/null; echo "${COMPREPLY[*]}"' bash "$@"
}
main_pid() { property "$unit" MainPID; }
restarted_since() { [ "$(main_pid)" != "$1" ] && [ "$(main_pid)" != 0 ] && active; }

