# What administrators do with the package, one function a case, run in the order of their names. Sourced by tests/boot.

case_01_the_package_is_clean() {
    wrong=0
    need "lintian finds no error and nothing unexplained" lintian --fail-on error,warning "$work/share/$deb"
    need "the package is put together well" dpkg-deb --info "$work/share/$deb"
    return $wrong
}

case_02_install_starts_nothing() {
    wrong=0
    need "installs" inside dpkg -i "/mnt/$deb"
    need "is not enabled" refuse inside systemctl is-enabled "$unit"
    need "is not running" refuse active
    need "folders and groups" is "$(inside stat -c '%a %U %G' $state $state/inbox | tr '\n' ' ')" \
        "751 consent-sync consent-sync 3770 consent-sync consent-drop "
    for user in alice bob carol; do need "makes $user" inside useradd -M "$user"; done
    inside usermod -aG consent-drop alice
    inside usermod -aG consent-drop bob
    inside usermod -aG consent-sync carol
    return $wrong
}

case_03_units_are_right_and_tight() {
    wrong=0
    inside systemd-analyze verify --man=no "$unit" consent-sync@acme.service > "$work/verify" 2>&1
    need "verify has nothing to say" is "$(cat "$work/verify")" ""
    for each in "$unit" consent-sync@acme.service; do
        inside systemd-analyze security --no-pager "$each" | tail -1
        need "exposure of $each is 1.2 at most" inside systemd-analyze security --no-pager --threshold=12 "$each"
    done
    return $wrong
}

case_04_without_a_token_it_says_so_and_is_not_started_again() {
    wrong=0
    need "the start fails" refuse inside systemctl start "$unit"
    need "status 3" holds "$unit" ExecMainStatus 3
    need "is not started again" is "$(sleep 6; property "$unit" NRestarts) $(property "$unit" ActiveState)" "0 failed"
    need "says which credential" inside sh -c "journalctl -q -u $unit EVENT=config.refused PRIORITY=3 -o cat | grep -q hubspot-token"
    return $wrong
}

case_05_from_token_to_first_report() {
    wrong=0
    need "the simulator starts" inside systemd-run -q --unit=hubspot-sim /mnt/hubspot_sim --port 8443 --token $token \
        --ca-file /etc/consent-sync/ca.pem --limit-requests 0 --latency 20ms
    need "the simulator answers" within 20 sim counters
    put_token $token
    write_config consent-sync '"account": "main"'
    need "enable --now" inside systemctl enable --now "$unit"
    need "is active" active
    need "STATUS says idle" holds "$unit" StatusText idle
    rows first.csv 1 250 subscribed
    need "alice drops" drop_as alice first.csv
    need "every row is confirmed" within 20 done_with first.csv 250
    need "HubSpot has them" is "$(sim state.ndjson | grep -c SUBSCRIBED)" 250
    return $wrong
}

case_06_who_may_do_what() {
    wrong=0
    need "the group reads reports" inside_as carol sh -c "cat $state/reports/*/files.ndjson"
    need "droppers do not" refuse inside_as alice sh -c "cat $state/reports/*/files.ndjson"
    need "droppers do not look into the state folder" refuse inside_as alice ls $state
    need "the group does not read the ledger" refuse inside_as carol cat $state/ledger.db
    need "alice leaves an unfinished file" inside_as alice sh -c "echo x > $state/inbox/.mine.tmp"
    need "bob cannot remove it" refuse inside_as bob rm -f $state/inbox/.mine.tmp
    need "alice can" inside_as alice rm $state/inbox/.mine.tmp
    need "others cannot drop" refuse inside_as carol sh -c "echo x > $state/inbox/c.csv"
    rows private.csv 1 2 subscribed
    inside_as alice sh -c "umask 077; cat /tmp/private.csv > $state/inbox/private.csv"
    need "a file that is private stays, and the journal says it" within 15 logged inbox.left
    inside_as alice chmod g+r $state/inbox/private.csv
    need "readable, it is taken" within 45 done_with private.csv 2
    inside setfacl -m d:g:consent-drop:r,d:m::r $state/inbox
    rows acl.csv 1 3 subscribed
    inside_as alice sh -c "umask 077; cat /tmp/acl.csv > $state/inbox/acl.csv"
    need "with a default ACL the umask does no harm" within 15 done_with acl.csv 3
    inside setfacl -k $state/inbox
    return $wrong
}

case_07_the_journal_has_fields() {
    wrong=0
    need "found by event, as JSON" inside sh -c "journalctl -q -u $unit EVENT=file.done -o json | grep -q '\"CONFIRMED\":\"250\"'"
    need "by file" inside sh -c "journalctl -q -u $unit EVENT=file.done FILE=00000001 -o cat | grep -q rows=250"
    need "priority of a warning" inside sh -c "journalctl -q -u $unit EVENT=inbox.left -o json | grep -q '\"PRIORITY\":\"4\"'"
    need "no address" refuse inside sh -c "journalctl -q -u $unit -o json | grep -q @example.com"
    need "no token" refuse inside sh -c "journalctl -q -u $unit -o json | grep -q $token"
    return $wrong
}

case_08_reload() {
    wrong=0
    local pid
    pid=$(main_pid)
    write_config consent-sync '"account": "main", "defaults": { "statusState": "UNSUBSCRIBED" }, "limits": { "requests": 500 }'
    need "systemctl reload" inside systemctl reload "$unit"
    need "is in effect when it returns" logged config.reloaded
    for round in $(seq 20); do
        write_config consent-sync "\"account\": \"main\", \"defaults\": { \"statusState\": \"UNSUBSCRIBED\" }, \"limits\": { \"requests\": $((500 + round)) }"
        inside systemctl reload "$unit"
        need "each time" inside sh -c "journalctl -q -u $unit EVENT=config.changed -o cat | grep -q after=$((500 + round))"
    done
    write_config consent-sync '"account": "other", "defaults": { "statusState": "UNSUBSCRIBED" }'
    need "reloads" inside systemctl reload "$unit"
    need "says what needs a restart" within 5 logged config.needs_restart
    write_config consent-sync '"account": "main", "limits": { "requests": "many" }'
    need "a bad file fails systemctl reload" refuse inside systemctl reload "$unit"
    need "and goes on with the old one" active
    inside kill -HUP "$pid"
    need "by signal too" within 5 logged config.refused
    inside sh -c "printf 'email,subscription_id\np900@example.com,7\n' > /tmp/default.csv"
    drop_as alice default.csv
    need "the default that was loaded holds" within 15 done_with default.csv 1
    need "the same process" is "$(main_pid)" "$pid"
    write_config consent-sync '"account": "main"'
    return $wrong
}


case_08b_the_admin_group_steers_and_others_do_not() {
    wrong=0
    need "makes dave" inside useradd -M dave
    inside usermod -aG consent-sync-admin dave
    need "dave pauses" inside_as dave consent-sync pause maintenance
    need "STATUS names the pause" within 10 holds "$unit" StatusText 'paused (operator)*maintenance*'
    need "who may drop may not steer" refuse inside_as alice consent-sync resume
    need "who reads the reports may look" inside_as carol consent-sync status
    need "but not steer" refuse inside_as carol consent-sync resume
    rows paused.csv 800 10 subscribed
    drop_as alice paused.csv
    need "files are taken" within 10 inside sh -c "test -n \"\$(ls $state/processing)\""
    need "and read" within 10 logged file.read
    need "dave resumes" inside_as dave consent-sync resume
    need "and they are sent" within 20 done_with paused.csv 10
    return $wrong
}
