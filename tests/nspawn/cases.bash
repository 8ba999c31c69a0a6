# What administrators do with the package. One function per case, run in the order of their names. Sourced by tests/boot.

case_01_the_package_is_clean() {
    wrong=0
    need "lintian finds no error and no warning" lintian --fail-on error,warning "$work/share/$deb"
    need "dpkg-deb can read the package" dpkg-deb --info "$work/share/$deb"
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

case_03_units_are_valid_and_hardened() {
    wrong=0
    inside systemd-analyze verify "$unit" consent-sync@acme.service > "$work/verify" 2>&1
    need "verify prints nothing" is "$(cat "$work/verify")" ""
    for each in "$unit" consent-sync@acme.service; do
        inside systemd-analyze security --no-pager "$each" | tail -1
        # CAP_LEASE raises 1.2 to 1.3. Without it the daemon cannot know whether a program still writes to a file.
        need "exposure of $each is at most 1.3" inside systemd-analyze security --no-pager --threshold=13 "$each"
    done
    return $wrong
}

case_03b_man_pages_and_completion() {
    wrong=0
    for page in "1 consent-sync" "5 consent-sync.json"; do
        # shellcheck disable=SC2086  # section and name
        need "man $page" inside sh -c "MANWIDTH=80 man $page | grep -q ."
        need "without a warning" is "$(inside sh -c "MANWIDTH=80 man --warnings $page 2>&1 > /dev/null")" ""
    done
    need "completes commands" is "$(complete_to consent-sync re)" "resume retry release refuse reload"
    need "completes options" is "$(complete_to consent-sync status --w)" "--watch"
    need "completes configurations" is "$(complete_to consent-sync run --config /etc/consent-sync/c)" \
        "/etc/consent-sync/consent-sync.json"
    need "also after an equals sign" is "$(complete_to consent-sync run --config = /etc/consent-sync/c)" \
        "/etc/consent-sync/consent-sync.json"
    for command in $(complete_to consent-sync "" | sed 's/--.*//'); do
        need "$command has help" inside consent-sync "$command" --help
        need "$command is in the manual" inside sh -c "MANWIDTH=80 man consent-sync | grep -qw $command"
    done
    return $wrong
}

case_04_without_a_token_it_says_so_and_is_not_restarted() {
    wrong=0
    need "the start fails" refuse inside systemctl start "$unit"
    need "status 3" holds "$unit" ExecMainStatus 3
    need "systemd does not restart it" given_up
    need "names the credential and where to put it" says config.refused \
        'hubspot-token.*/etc/credstore/consent-sync.hubspot-token .*systemctl restart consent-sync.service'
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

case_05b_every_format_in_the_hardened_unit() {
    wrong=0
    rows packed.csv 2000 2500 subscribed
    inside gzip -k /tmp/packed.csv
    awk 'BEGIN { printf "{\"inputs\":["; for (i = 5000; i < 5300; i++)
        printf "%s{\"subscriberIdString\":\"p%d@example.com\",\"subscriptionId\":7,\"channel\":\"EMAIL\",\"statusState\":\"UNSUBSCRIBED\"}",
            (i > 5000 ? "," : ""), i; print "]}" }' | inside sh -c "cat > /tmp/body.json; chmod 644 /tmp/body.json"
    awk 'BEGIN { for (i = 6000; i < 6200; i++)
        printf "{\"email\":\"p%d@example.com\",\"subscriptionId\":7,\"status\":\"%s\"}\n", i, (i == 6100 ? "perhaps" : "subscribed") }' |
        gzip | inside sh -c "cat > /tmp/lines.ndjson.gz; chmod 644 /tmp/lines.ndjson.gz"
    for file in packed.csv.gz body.json lines.ndjson.gz; do need "alice drops $file" drop_as alice $file; done
    need "gzipped CSV" within 20 done_with packed.csv.gz 2500
    need "JSON" within 20 done_with body.json 300
    need "gzipped NDJSON, except for the bad row" within 20 done_with lines.ndjson.gz 199
    need "that row is in failed.ndjson" inside sh -c "grep -q perhaps $state/reports/*/*-lines.ndjson.gz/failed.ndjson"
    need "its group can read every report" is "$(inside_as carol find $state/reports ! -readable)" ""
    need "there are reports" inside_as carol sh -c "ls $state/reports/*/*-packed.csv.gz/report.html $state/reports/*/batches.ndjson"
    need "nobody else can" is "$(inside find $state/reports -perm /007)" ""
    return $wrong
}

case_06_who_may_do_what() {
    wrong=0
    need "the group can read reports" inside_as carol sh -c "cat $state/reports/*/files.ndjson"
    need "droppers cannot" refuse inside_as alice sh -c "cat $state/reports/*/files.ndjson"
    need "droppers cannot list the state folder" refuse inside_as alice ls $state
    need "the group cannot read the ledger" refuse inside_as carol cat $state/ledger.db
    need "alice leaves an unfinished file" inside_as alice sh -c "echo x > $state/inbox/.mine.tmp"
    need "bob cannot remove it" refuse inside_as bob rm -f $state/inbox/.mine.tmp
    need "alice can" inside_as alice rm $state/inbox/.mine.tmp
    need "others cannot drop" refuse inside_as carol sh -c "echo x > $state/inbox/c.csv"
    rows private.csv 1 2 subscribed
    inside_as alice sh -c "umask 077; cat /tmp/private.csv > $state/inbox/private.csv"
    need "a private file stays, and the journal says so" within 15 logged inbox.left
    inside_as alice chmod g+r $state/inbox/private.csv
    need "it is taken once it is readable" within 45 done_with private.csv 2
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

case_08b_only_the_admin_group_controls_the_daemon() {
    wrong=0
    need "makes dave" inside useradd -M dave
    inside usermod -aG consent-sync-admin dave
    need "dave pauses" inside_as dave consent-sync pause maintenance
    need "STATUS names the pause at once, and its end" within 2 holds "$unit" StatusText \
        'paused (operator): uid * asked for it: maintenance; until somebody says: consent-sync resume*'
    need "it is not an error, because it was requested" inside sh -c "journalctl -q -u $unit EVENT=pause.begun REASON=operator -o json | grep -q '\"PRIORITY\":\"6\"'"
    need "droppers cannot control the daemon" refuse inside_as alice consent-sync resume
    need "readers of reports can see the status" inside_as carol consent-sync status
    need "but cannot control the daemon" refuse inside_as carol consent-sync resume
    rows paused.csv 800 10 subscribed
    drop_as alice paused.csv
    need "files are taken" within 10 inside sh -c "test -n \"\$(ls $state/processing)\""
    need "and read" within 10 logged file.read
    need "STATUS shows what waits" within 10 holds "$unit" StatusText 'paused (operator)*; 1 file, 10 changes left'
    need "dave resumes" inside_as dave consent-sync resume
    need "STATUS stops showing the pause at once" within 2 refuse holds "$unit" StatusText 'paused*'
    need "and they are sent" within 20 done_with paused.csv 10
    return $wrong
}
