# Crashes, stops, upgrades and the removal of the service. Sourced by tests/boot.

case_09_kill_9_loses_nothing() {
    wrong=0
    local pid
    sim_set '{"latency": "300ms"}'
    rows killed.csv 1000 5000 subscribed
    drop_as bob killed.csv
    need "requests are in flight" within 15 under_way
    pid=$(main_pid)
    inside systemctl kill -s KILL "$unit"
    rows killed-out.csv 1000 500 unsubscribed
    drop_as bob killed-out.csv
    need "systemd restarts it" within 20 restarted_since "$pid"
    need "the newer opt-outs are confirmed" within 60 done_with killed-out.csv 500
    need "every other row has its verdict" within 60 delivered killed.csv 5000
    need "the opt-outs win" is "$(sim state.ndjson | grep -E '"p1[0-4][0-9][0-9]@' | grep -c UNSUBSCRIBED)" 500
    return $wrong
}

case_10_the_watchdog_restarts_it() {
    wrong=0
    local pid frozen
    drop_in 'WatchdogSec=2s\nRestartSec=100ms'
    need "restarts with a short watchdog" inside systemctl restart "$unit"
    rows frozen.csv 10000 3000 unsubscribed
    drop_as alice frozen.csv
    need "requests are in flight" within 15 under_way
    pid=$(main_pid)
    inside /mnt/freeze_thread "$pid" > "$work/frozen" &
    frozen=$!
    need "the logic thread hangs" within 5 grep -q frozen "$work/frozen"
    need "systemd restarts it" within 20 restarted_since "$pid"
    wait "$frozen" 2>/dev/null
    need "because of the watchdog" grep -qi "watchdog timeout" <(entries -u "$unit" -o cat)
    need "nothing is lost" within 60 done_with frozen.csv 3000
    drop_out
    inside systemctl restart "$unit"
    return $wrong
}

case_11_stop_while_a_file_is_half_sent() {
    wrong=0
    local before
    sim_set '{"latency": "500ms"}'
    rows half.csv 20000 20000 unsubscribed
    drop_as alice half.csv
    need "requests are in flight" within 15 under_way
    before=$(sim counters | grep -o '"changes_received":[0-9]*')
    need "stops" inside systemctl stop "$unit"
    need "with success" holds "$unit" Result success
    need "nothing was cut" refuse logged daemon.requests_cut
    need "half of it is left" refuse done_with half.csv 20000
    need "starts" inside systemctl start "$unit"
    need "STATUS shows what is left" within 20 holds "$unit" StatusText '1 file, * changes left*'
    need "STATUS shows pace and time" within 30 holds "$unit" StatusText '*a second, *left'
    need "finishes the file" within 120 done_with half.csv 20000
    echo "before: $before; after: $(sim counters | grep -o '"changes_received":[0-9]*')"
    need "no key was in flight twice" is "$(violations)" 0
    sim_set '{"latency": "20ms"}'
    return $wrong
}

# HubSpot does not answer at all.
case_11b_a_stop_takes_no_longer_than_stop_grace() {
    wrong=0
    local begun took
    write_config consent-sync '"account": "main", "stop_grace": "5s"'
    drop_in TimeoutStopSec=2s
    need "restarts" inside systemctl restart "$unit"
    begun=$(date +%s%N)
    need "stops" inside systemctl stop "$unit"
    need "at once when no request is in flight" test $((($(date +%s%N) - begun) / 1000000)) -lt 2000
    inside systemctl start "$unit"
    sim_set '{"latency": "60s"}'
    rows cut.csv 45000 200 unsubscribed
    drop_as alice cut.csv
    need "requests are in flight" within 15 under_way
    begun=$(date +%s%N)
    need "stops" inside systemctl stop "$unit"
    took=$((($(date +%s%N) - begun) / 1000000))
    echo "took $took ms"
    need "after the grace" test $took -ge 4900
    need "and soon after it" test $took -lt 9000
    need "is not killed, because it asked systemd for more than TimeoutStopSec=" holds "$unit" Result success
    need "says that requests were cut" logged daemon.requests_cut
    sim_set '{"latency": "20ms"}'
    drop_out
    write_config consent-sync '"account": "main"'
    need "starts" inside systemctl start "$unit"
    need "nothing is lost" within 30 done_with cut.csv 200
    return $wrong
}

case_12_token_rotation() {
    wrong=0
    sim_set '{"only-token": "pat-boot-the-next-one"}'
    rows rotated.csv 1 100 unsubscribed
    drop_as alice rotated.csv
    need "the old token pauses" within 20 logged pause.begun
    need "STATUS names the pause and the time of the next probe" within 20 holds "$unit" StatusText 'paused (auth)*; looks again at 20*Z*'
    need "after resume it probes at once" inside consent-sync resume
    need "says where systemd gets the token from" within 10 holds "$unit" StatusText \
        '*put a valid token into /etc/credstore/consent-sync.hubspot-token (*), then systemctl restart consent-sync.service*'
    put_token pat-boot-the-next-one
    need "restart" inside systemctl restart "$unit"
    need "continues" within 20 done_with rotated.csv 100
    # With a file that the service may read no restart is needed.
    inside sh -c "umask 027; echo pat-boot-the-next-one > /etc/consent-sync/token; chgrp consent-sync /etc/consent-sync/token"
    inside sh -c "sed -i 's|\"hubspot\": {|\"hubspot\": { \"token_file\": \"/etc/consent-sync/token\",|' /etc/consent-sync/consent-sync.json"
    need "restarts with a token file" inside systemctl restart "$unit"
    sim_set "{\"only-token\": \"$token\"}"
    inside sh -c "echo $token > /etc/consent-sync/token"
    rows again.csv 200 100 unsubscribed
    drop_as alice again.csv
    need "a new token in the file needs no restart" within 30 done_with again.csv 100
    return $wrong
}

case_13_encrypted_credential() {
    wrong=0
    need "encrypts" inside sh -c "install -d -m 700 /etc/credstore.encrypted && echo $token | systemd-creds encrypt --with-key=host --name=hubspot-token - /etc/credstore.encrypted/consent-sync.hubspot-token"
    inside rm /etc/credstore/consent-sync.hubspot-token
    inside sh -c "mkdir -p /etc/systemd/system/$unit.d; printf '[Service]\nLoadCredentialEncrypted=hubspot-token:consent-sync.hubspot-token\n' > /etc/systemd/system/$unit.d/encrypted.conf; systemctl daemon-reload"
    write_config consent-sync '"account": "main"'
    need "restart" inside systemctl restart "$unit"
    rows encrypted.csv 300 10 unsubscribed
    drop_as alice encrypted.csv
    need "sends with it" within 20 done_with encrypted.csv 10
    return $wrong
}

case_14_two_instances() {
    wrong=0
    local port=9465
    for account in acme globex; do
        local home=/var/lib/consent-sync-accounts/$account
        write_config $account "\"account\": \"$account\", \"state_dir\": \"$home\"" "\"127.0.0.1:$port\""
        inside sh -c "umask 077; echo $token > /etc/credstore/consent-sync.$account.hubspot-token"
        need "$account starts" inside systemctl enable --now consent-sync@$account.service
        need "a monitor port of its own" within 5 inside curl -sf http://127.0.0.1:$port/healthz
        port=$((port + 1))
        need "inbox of $account" is "$(inside stat -c '%a %U %G' $home/inbox)" "3770 consent-sync consent-drop"
        rows $account.csv 40000 100 unsubscribed
        need "alice drops to $account" drop_as alice $account.csv $home
        need "$account is done" within 20 done_with $account.csv 100 $home
    done
    need "status of one account" inside sh -c "consent-sync status --config /etc/consent-sync/acme.json | grep -q 'consent-sync acme'"
    write_config globex "\"account\": \"globex\", \"state_dir\": \"/var/lib/consent-sync-accounts/globex\", \"stop_grace\": \"9s\"" '"127.0.0.1:9466"'
    need "reload of one account" inside systemctl reload consent-sync@globex.service
    need "reaches that one" logged config.changed consent-sync@globex.service
    need "and no other" refuse logged config.reloaded consent-sync@acme.service
    need "an account does not see the files of the other" refuse inside test -e /var/lib/consent-sync-accounts/acme/done/00000001-globex.csv
    need "stops acme" inside systemctl stop consent-sync@acme.service
    need "globex keeps running" active consent-sync@globex.service
    need "acme starts again" inside systemctl start consent-sync@acme.service
    return $wrong
}

case_16_upgrade_keeps_state_and_restarts_after_draining() {
    wrong=0
    local pid
    pid=$(main_pid)
    sim_set '{"latency": "500ms"}'
    rows upgrade.csv 50000 20000 unsubscribed
    drop_as alice upgrade.csv
    need "requests are in flight" within 15 under_way
    need "upgrades without a question" inside sh -c "dpkg -i /mnt/$newer < /dev/null"
    need "the newer version is installed" is "$(inside dpkg-query -W -f '${Version}' consent-sync)" "$version+next"
    need "it is restarted" within 20 restarted_since "$pid"
    need "after draining" refuse logged daemon.requests_cut
    need "instances too" active consent-sync@acme.service
    need "is still enabled" inside systemctl is-enabled "$unit"
    sim_set '{"latency": "20ms"}'
    need "the file is finished" within 120 done_with upgrade.csv 20000
    need "the changed configuration stays" inside grep -q '"account": "main"' /etc/consent-sync/consent-sync.json
    need "no key was in flight twice" is "$(violations)" 0
    return $wrong
}

case_17_removal_keeps_state_and_purge_removes_it() {
    wrong=0
    need "removes" inside sh -c "dpkg -r consent-sync < /dev/null"
    need "stopped" refuse active
    need "instances are stopped" refuse active consent-sync@acme.service
    need "ledger, reports, configuration and token stay" inside ls $state/ledger.db $state/reports \
        /var/lib/consent-sync-accounts/acme/ledger.db /etc/consent-sync/consent-sync.json /etc/credstore.encrypted/consent-sync.hubspot-token
    need "installs again and starts" inside sh -c "dpkg -i /mnt/$newer && systemctl start $unit"
    rows back.csv 60000 10 unsubscribed
    drop_as alice back.csv
    need "with the same ledger" within 20 done_with back.csv 10
    need "purges without a question" inside sh -c "dpkg -P consent-sync < /dev/null"
    need "nothing is left" is "$(inside sh -c 'ls -d /var/lib/consent-sync* /etc/consent-sync /etc/credstore*/consent-sync* \
        /lib/systemd/system/consent-sync* /etc/systemd/system/*.wants/consent-sync* 2>/dev/null' | tr '\n' ' ')" ""
    return $wrong
}
