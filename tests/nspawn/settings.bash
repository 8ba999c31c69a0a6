# Changes of the configuration: reloads, faults, other folders, OAuth, a machine without a network. Sourced by tests/boot.

case_08_reload() {
    wrong=0
    local pid
    pid=$(main_pid)
    write_config consent-sync '"account": "main", "defaults": { "statusState": "UNSUBSCRIBED" }, "limits": { "requests": 500 }'
    need "systemctl reload" inside systemctl reload "$unit"
    need "the new configuration is in effect when it returns" logged config.reloaded
    for round in $(seq 20); do
        write_config consent-sync "\"account\": \"main\", \"defaults\": { \"statusState\": \"UNSUBSCRIBED\" }, \"limits\": { \"requests\": $((500 + round)) }"
        inside systemctl reload "$unit"
        need "each time" says config.changed "after=$((500 + round))"
    done
    write_config consent-sync '"account": "other", "state_dir": "/srv/other", "control": { "socket": "/run/other.sock" },
        "defaults": { "statusState": "UNSUBSCRIBED" }'
    need "reloads with other folders and another socket" inside systemctl reload "$unit"
    for key in account state_dir control.socket; do need "$key needs a restart" says config.needs_restart "key=$key "; done
    write_config consent-sync '"account": "main", "stop_grace": "3s", "limits": { "requests": "many" }'
    need "a bad file fails systemctl reload" refuse inside systemctl reload "$unit"
    need "says why" says config.refused limits.requests
    need "the command says the same" test "$(inside consent-sync reload 2>&1 | grep -c -e 'limits.requests: must be' -e '^nothing is changed')" = 2
    need "and is refused as a whole" refuse says config.changed stop_grace
    need "the daemon keeps running" active
    mark_journal
    inside kill -HUP "$pid"
    need "also by signal" within 5 logged config.refused
    inside sh -c "printf 'email,subscription_id\np900@example.com,7\n' > /tmp/default.csv"
    drop_as alice default.csv
    need "the loaded default is still in effect" within 15 done_with default.csv 1
    need "the process is the same" is "$(main_pid)" "$pid"
    write_config consent-sync '"account": "main"'
    return $wrong
}

case_08a_every_key_that_may_change_at_run_time() {
    wrong=0
    inside systemctl reload "$unit"
    mark_journal
    inside sh -c "umask 027; echo $token > /etc/consent-sync/token; chgrp consent-sync /etc/consent-sync/token"
    inside sh -c "cat > /etc/consent-sync/consent-sync.json" <<JSON
{ "account": "main", "stop_grace": "15s", "log": { "level": "debug" }, "monitor": { "listen": null },
  "inbox": { "settle": "100ms", "rescan": "5s", "max_bytes": "1MiB" },
  "hubspot": { "base_url": "https://localhost:8443", "ca_file": "/etc/consent-sync/ca.pem", "token_file": "/etc/consent-sync/token" },
  "batch": { "max_changes": 50, "max_wait": "100ms" },
  "limits": { "requests": 300, "interval": "9s", "daily": 900000, "daily_reserve": "5%", "time_zone": "Europe/Berlin", "max_connections": 20 },
  "retry": { "initial": "400ms", "max": "30s", "max_attempts": 5, "late_write_window": "5m" },
  "defaults": { "statusState": "SUBSCRIBED", "subscriptionId": 7, "legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": "fair" },
  "rules": { "require_legal_basis": true, "duplicate_window": "20d", "hold_above": 900, "unsubscribe_all": [7] },
  "keep": { "done": "20d", "reports": "300d", "ledger": "300d" } }
JSON
    need "reloads" inside systemctl reload "$unit"
    need "29 keys at once, none waits for a restart" says config.reloaded "changed=29 waiting_for_restart=0"
    inside sh -c "awk 'BEGIN { print \"email\"; for (i = 0; i < 120; i++) printf \"p%d@example.com\n\", 70000 + i }' > /tmp/bare.csv"
    drop_as alice bare.csv
    need "defaults, token and rules are in effect" within 20 done_with bare.csv 120
    need "batches of 50" is "$(entries -u "$unit" EVENT=batch.settled -o json | grep -o '"CHANGES":"[0-9]*"' | sort | tr '\n' ' ')" \
        '"CHANGES":"20" "CHANGES":"50" "CHANGES":"50" '
    need "debug entries have their priority" is "$(entries -u "$unit" EVENT=batch.settled -o json | grep -c '"PRIORITY":"7"')" 3
    rows held.csv 71000 901 subscribed
    drop_as alice held.csv
    need "more than 900 rows are held" within 10 logged file.held
    need "completion offers the file" is "$(complete_to consent-sync release 0)" \
        "$(entries -u "$unit" EVENT=file.held -o json | grep -o '"FILE":"[0-9]*"' | grep -o '[0-9]*')"
    need "sent back" inside consent-sync refuse "$(entries -u "$unit" EVENT=file.held -o json | grep -o '"FILE":"[0-9]*"' | grep -o '[0-9]*')"
    inside sh -c "head -c 1100000 /dev/zero | tr '\\0' x > /tmp/huge.csv"
    drop_as alice huge.csv
    need "a file above 1 MiB is refused" within 10 logged inbox.refused
    write_config consent-sync '"account": "main"'
    need "reloads the old configuration" inside systemctl reload "$unit"
    mark_journal
    write_config consent-sync '"account": "main", "stop_grace": "9s"'
    inside sed -i 's|"hubspot": {|"hubspot": { "token_file": "/etc/consent-sync/absent",|' /etc/consent-sync/consent-sync.json
    need "an unreadable token file fails the reload" refuse inside systemctl reload "$unit"
    need "and says so" says config.refused hubspot.token_file
    need "nothing else has changed" refuse logged config.changed
    write_config consent-sync '"account": "main"'
    return $wrong
}

# set_key KEY VALUE: writes a configuration with this key and what the machine needs
set_key() {
    local hubspot="" monitor='"listen": null' more=""
    case $1 in
        "") ;;
        hubspot.timeouts.*) hubspot=", \"timeouts\": { \"${1##*.}\": $2 }" ;;
        hubspot.*) hubspot=", \"${1#*.}\": $2" ;;
        monitor.hosts) monitor="$monitor, \"hosts\": $2" ;;
        *.*) more=", \"${1%%.*}\": { \"${1#*.}\": $2 }" ;;
        *) more=", \"$1\": $2" ;;
    esac
    inside sh -c "cat > /etc/consent-sync/consent-sync.json" <<JSON
{ "account": "main", "hubspot": { "base_url": "https://localhost:8443", "ca_file": "/etc/consent-sync/ca.pem"$hubspot },
  "monitor": { $monitor }$more }
JSON
}

case_08c_every_key_by_itself() {
    wrong=0
    local key value said
    set_key "" ""
    need "reloads" inside systemctl reload "$unit"
    while read -r key value <&3; do
        set_key "$key" "$value"
        said=$(inside consent-sync reload 2>&1)
        need "$key is in effect" is "$said" "in effect: $key"
        set_key "" ""
        need "and is reset" is "$(inside consent-sync reload 2>&1)" "in effect: $key"
    done 3<< 'KEYS'
stop_grace "15s"
log.format "json"
log.level "debug"
inbox.settle "1s"
inbox.rescan "10s"
inbox.max_bytes "1MiB"
hubspot.token_file "/etc/consent-sync/token"
batch.max_changes 50
batch.max_wait "2s"
limits.requests 90
limits.interval "11s"
limits.daily 1000
limits.daily_reserve "20%"
limits.time_zone "Europe/Berlin"
limits.max_connections 20
retry.initial "1s"
retry.max "30s"
retry.max_attempts 3
retry.late_write_window "5m"
defaults.statusState "UNSUBSCRIBED"
defaults.subscriptionId 7
defaults.legalBasis "CONSENT_WITH_NOTICE"
defaults.legalBasisExplanation "fair"
rules.require_legal_basis true
rules.duplicate_window "20d"
rules.hold_above "20%"
rules.unsubscribe_all [7]
rules.known_subscriptions "auto"
keep.done "20d"
keep.reports "300d"
keep.ledger "300d"
KEYS
    while read -r key value <&3; do
        set_key "$key" "$value"
        said=$(inside consent-sync reload 2>&1)
        need "$key needs a restart" is "$said" "nothing has changed; needs a restart: $key"
    done 3<< 'KEYS'
inbox.dir "/srv/other"
inbox.work_dir "/srv/other"
hubspot.path "/other"
hubspot.proxy "none"
hubspot.timeouts.connect "3s"
hubspot.timeouts.tls "3s"
hubspot.timeouts.request "30s"
monitor.hosts ["db1"]
control.socket "/run/other.sock"
KEYS
    write_config consent-sync '"account": "main"'
    need "reloads the old configuration" inside systemctl reload "$unit"
    return $wrong
}

case_13b_a_rotated_refresh_token_is_kept_in_the_state_folder() {
    wrong=0
    inside sh -c "umask 077; echo sim-secret > /etc/credstore/consent-sync.hubspot-client-secret
        echo sim-refresh-token > /etc/credstore/consent-sync.hubspot-refresh-token"
    sim_set '{"rotate-refresh-token": "true"}'
    write_config consent-sync '"account": "main"'
    inside sed -i 's|"hubspot": {|"hubspot": { "oauth": { "client_id": "sim-client" },|' /etc/consent-sync/consent-sync.json
    need "starts with OAuth" inside systemctl restart "$unit"
    rows oauth.csv 72000 10 unsubscribed
    drop_as alice oauth.csv
    need "sends" within 20 done_with oauth.csv 10
    need "only the service can read the new refresh token" is "$(inside stat -c '%a %U' $state/oauth-refresh-token.json)" "600 consent-sync"
    need "after a restart" inside systemctl restart "$unit"
    rows oauth-again.csv 73000 10 unsubscribed
    drop_as alice oauth-again.csv
    need "the new one is used although the credential is no longer valid" within 20 done_with oauth-again.csv 10
    need "no secret in the journal" refuse inside sh -c "journalctl -q -u $unit -o json | grep -qE 'sim-secret|sim-refresh'"
    write_config consent-sync '"account": "main"'
    need "back to the token" inside systemctl restart "$unit"
    return $wrong
}

case_15_a_faulty_configuration_is_not_restarted() {
    wrong=0
    write_config consent-sync '"unknown": 1'
    need "the restart fails" refuse inside systemctl restart "$unit"
    need "status 3" holds "$unit" ExecMainStatus 3
    need "systemd does not restart it" given_up
    write_config consent-sync '"account": "main"'
    need "it starts after the correction" inside systemctl start "$unit"
    return $wrong
}

# Follows what-to-do.md.
case_15b_an_inbox_elsewhere() {
    wrong=0
    write_config consent-sync '"account": "main"'
    inside sed -i 's|"inbox": {|"inbox": { "dir": "/srv/consent/inbox", "work_dir": "/srv/consent",|' /etc/consent-sync/consent-sync.json
    need "it does not start without ReadWritePaths=" refuse inside systemctl restart "$unit"
    need "and says what to do" says daemon.failed ReadWritePaths=
    inside install -d -m 0751 -o consent-sync -g consent-sync /srv/consent
    inside sh -c "mkdir -p /etc/systemd/system/$unit.d; printf '[Service]\nReadWritePaths=/srv/consent\n' > /etc/systemd/system/$unit.d/inbox.conf; systemctl daemon-reload"
    need "the unit may not make an inbox of the right mode" refuse inside systemctl restart "$unit"
    need "and says what to do" says daemon.failed 'install -d -m 3770 -o consent-sync -g consent-drop /srv/consent/inbox'
    need "and leaves no inbox with a wrong mode" refuse inside test -e /srv/consent/inbox
    inside install -d -m 3770 -o consent-sync -g consent-drop /srv/consent/inbox
    need "then it starts" inside systemctl restart "$unit"
    rows elsewhere.csv 74000 10 unsubscribed
    need "bob drops" drop_as bob elsewhere.csv /srv/consent
    need "it is done" within 20 done_with elsewhere.csv 10
    need "and is in done/ beside the inbox" inside sh -c "test -e /srv/consent/done/*-elsewhere.csv"
    inside sh -c "rm -r /etc/systemd/system/$unit.d/inbox.conf /srv/consent; systemctl daemon-reload"
    write_config consent-sync '"account": "main"'
    need "starts with the original inbox" inside systemctl restart "$unit"
    return $wrong
}

# systemd would bring a loopback that is down up again. Routing rules stay.
network_off() {
    inside sh -c 'ip rule add pref 0 to 127.0.0.0/8 unreachable; ip rule add pref 1 table local; ip rule del pref 0 table local
        ip -6 rule add pref 0 to ::1 unreachable; ip -6 rule add pref 1 table local; ip -6 rule del pref 0 table local'
}
network_on() {
    inside sh -c 'for ip in "ip -4" "ip -6"; do $ip rule add pref 0 table local; $ip rule del pref 0 unreachable; $ip rule del pref 1; done'
}

case_15c_no_network_when_it_starts() {
    wrong=0
    inside systemctl stop "$unit"
    inside sed -i 's|"hubspot": {|"hubspot": { "timeouts": { "connect": "300ms" },|' /etc/consent-sync/consent-sync.json
    network_off
    need "it starts" inside systemctl start "$unit"
    rows offline.csv 75000 10 unsubscribed
    drop_as alice offline.csv
    need "takes files" within 10 logged file.read
    need "says what it waits for" within 60 holds "$unit" StatusText 'paused (outage)*1 file, 10 changes left'
    need "there is no network" refuse inside curl -sk --connect-timeout 1 https://localhost:8443/sim/counters
    network_on
    need "after resume it probes at once" inside consent-sync resume
    need "the file is sent" within 30 done_with offline.csv 10
    write_config consent-sync '"account": "main"'
    need "nothing was restarted" is "$(property "$unit" NRestarts)" 0
    return $wrong
}
