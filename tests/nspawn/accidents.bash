# Trouble around the service: owners, modes, disks, folders, parts of systemd; and no systemd at all. Sourced by tests/boot.

case_14b_two_units_on_one_state_folder() {
    wrong=0
    write_config twin "\"account\": \"twin\", \"state_dir\": \"$state\""
    inside cp /etc/credstore/consent-sync.acme.hubspot-token /etc/credstore/consent-sync.twin.hubspot-token
    need "the second does not start" refuse inside systemctl start consent-sync@twin.service
    need "because it may not write there" logged daemon.failed consent-sync@twin.service
    inside systemctl stop consent-sync@twin.service  # a start would wait for the next restart
    inside sh -c "mkdir -p /run/systemd/system/consent-sync@twin.service.d; printf '[Service]\nReadWritePaths=$state\n' > /run/systemd/system/consent-sync@twin.service.d/test.conf; systemctl daemon-reload"
    need "with that permission it does not start either" refuse inside systemctl start consent-sync@twin.service
    need "and names the other daemon" test -n "$(entries -u consent-sync@twin.service -o cat EVENT=daemon.failed | grep 'another consent-sync')"
    need "the first keeps running" active
    inside systemctl stop consent-sync@twin.service
    inside sh -c "rm -r /run/systemd/system/consent-sync@twin.service.d /etc/consent-sync/twin.json /etc/credstore/consent-sync.twin.*; systemctl daemon-reload"
    return $wrong
}

case_14c_owners_and_modes_that_are_wrong() {
    wrong=0
    # A backup that was restored as root: systemd gives everything to the service, also the inbox's group.
    inside sh -c "systemctl stop $unit; chown -R root:root $state"
    need "starts" inside systemctl start "$unit"
    rows restored.csv 76000 10 unsubscribed
    need "droppers can use the inbox again" drop_as alice restored.csv
    need "and the file is done" within 20 done_with restored.csv 10
    inside chmod 0600 /etc/consent-sync/consent-sync.json
    need "it does not start with a configuration that it may not read" refuse inside systemctl restart "$unit"
    need "this counts as a fault" given_up
    need "which the log names" says config.refused 'consent-sync.json: Permission denied'
    inside chmod 0644 /etc/consent-sync/consent-sync.json
    inside sh -c "umask 077; rm -f /etc/consent-sync/token; echo $token > /etc/consent-sync/token"
    inside sed -i 's|"hubspot": {|"hubspot": { "token_file": "/etc/consent-sync/token",|' /etc/consent-sync/consent-sync.json
    need "check finds a token that the service may not read" refuse inside consent-sync check
    need "and says what to do" is "$(inside consent-sync check | grep -o 'chgrp.*')" \
        "chgrp consent-sync /etc/consent-sync/token; chmod 640 /etc/consent-sync/token"
    need "with it the service starts" inside systemctl start "$unit"
    need "and waits for the token" within 5 holds "$unit" StatusText 'paused (auth)*/etc/consent-sync/token*'
    inside sh -c "chgrp consent-sync /etc/consent-sync/token; chmod 640 /etc/consent-sync/token"
    need "check finds no fault" inside consent-sync check
    need "the service notices by itself" within 10 holds "$unit" StatusText idle
    write_config consent-sync '"account": "main"'
    need "back to the credential" inside systemctl restart "$unit"
    return $wrong
}

case_14d_a_full_disk_at_the_start() {
    wrong=0
    local burst sec
    burst=$(property "$unit" StartLimitBurst) sec=$(property "$unit" RestartUSec)
    need "automatic restarts never reach the limit" test "$((burst * ${sec%s}))" -gt 600
    need "its interval is 10 minutes" holds "$unit" StartLimitIntervalUSec 10min
    drop_in RestartSec=1s
    inside sh -c "systemctl stop $unit; mkdir /srv/saved; mv $state/* /srv/saved/; mount -t tmpfs -o size=2m tmpfs $state"
    inside systemctl start "$unit"
    rows small.csv 77000 100 unsubscribed
    inside_as alice cp /tmp/small.csv $state/inbox/.small.tmp
    inside sh -c "systemctl stop $unit; dd if=/dev/zero of=$state/ballast bs=4k 2> /dev/null"
    inside_as alice mv $state/inbox/.small.tmp $state/inbox/small.csv
    need "it cannot start" refuse inside systemctl start "$unit"
    need "says why" says daemon.failed 'is full\|the kernel.s log (dmesg) and df'
    need "systemd retries" within 20 tried_again
    inside rm $state/ballast
    need "it starts by itself when there is room" within 20 active
    need "and does its work" within 20 done_with small.csv 100
    inside sh -c "systemctl stop $unit; umount $state; mv /srv/saved/* $state/; rmdir /srv/saved"
    drop_out
    need "starts with the original folder" inside systemctl start "$unit"
    return $wrong
}

case_14e_the_inbox_goes_and_comes_back() {
    wrong=0
    inside mv $state/inbox $state/inbox.away
    need "STATUS says it" within 20 holds "$unit" StatusText '*the inbox is not there*'
    need "so does the journal" within 10 logged inbox.gone
    inside systemd-tmpfiles --create consent-sync.conf
    need "and that it is back" within 10 logged inbox.back
    need "STATUS too" within 20 holds "$unit" StatusText idle
    rows gone.csv 78000 10 unsubscribed
    drop_as bob gone.csv
    need "files are taken" within 20 done_with gone.csv 10
    inside rm -r $state/inbox.away
    return $wrong
}

case_14f_systemd_and_its_journal_restart() {
    wrong=0
    local pid
    pid=$(main_pid)
    need "daemon-reexec" inside systemctl daemon-reexec
    need "reload works after it" inside systemctl reload "$unit"
    need "the journal restarts" inside systemctl restart systemd-journald
    need "and is killed" inside systemctl kill -s KILL systemd-journald
    for reason in one two three; do inside consent-sync pause $reason; inside consent-sync resume; done
    need "every entry is there" is "$(entries -u "$unit" EVENT=pause.begun -o cat | grep -cE 'for it: (one|two|three)')" 3
    need "a burst of signals" inside sh -c "for i in \$(seq 100); do kill -HUP $pid; done"
    need "and of reloads" inside sh -c "for i in \$(seq 20); do systemctl reload $unit & done; wait"
    need "the process is the same" is "$(main_pid)" "$pid"
    inside_as alice sh -c "mkdir /tmp/many; cd /tmp/many; for i in \$(seq 2000); do printf 'email,subscription_id,status\nm%d@example.com,7,unsubscribed\n' \$i > m\$i.csv; done; cp m*.csv $state/inbox/"
    need "2000 files are done" within 60 done_files 2000
    need "no entry was left out by journald" is "$(entries -u systemd-journald -o cat | grep -c Suppressed)" 0
    return $wrong
}

# In a container the daemon is process 1, there is no NOTIFY_SOCKET, and the log goes to standard output.
case_14g_without_systemd() {
    wrong=0
    local home=/srv/box
    inside sh -c "mkdir $home; umask 077; echo $token > $home/token; cat > $home/config.json" <<JSON
{ "account": "box", "state_dir": "$home/state", "inbox": { "settle": "100ms" }, "batch": { "max_wait": "100ms" },
  "hubspot": { "base_url": "https://localhost:8443", "ca_file": "/etc/consent-sync/ca.pem", "token_file": "token" },
  "monitor": { "listen": null }, "log": { "format": "json" } }
JSON
    contained() { inside unshare --pid --fork --mount-proc --kill-child sh -c "exec consent-sync run --config $home/config.json"; }
    pid_of_it() { inside sh -c "pgrep -f '^consent-sync run --config $home/' | head -1"; }
    ended() { [ -z "$(pid_of_it)" ]; }
    contained > "$work/box.log" 2>&1 &
    need "is ready" within 10 grep -q '"level":"INFO","event":"daemon.ready","account":"box"' "$work/box.log"
    sim_set '{"latency": "1s"}'
    rows box.csv 79000 10 unsubscribed
    inside sh -c "cp /tmp/box.csv $home/state/inbox/.box.tmp; mv $home/state/inbox/.box.tmp $home/state/inbox/box.csv"
    need "every line is JSON, and numbers are numbers" within 10 grep -q '"event":"file.read","file":"00000001","rows":10}' "$work/box.log"
    need "requests are under way" within 10 under_way
    inside kill -TERM "$(pid_of_it)"
    wait $!
    need "SIGTERM drains and ends with 0" is $? 0
    need "says so" grep -q '"event":"daemon.stopped"' "$work/box.log"
    need "nothing was cut" refuse grep -q requests_cut "$work/box.log"
    need "nothing but JSON" is "$(grep -vc '^{"time":".*}$' "$work/box.log")" 0
    sim_set '{"latency": "20ms"}'
    # The reader of the log exits.
    inside sed -i 's/"json"/"auto"/' $home/config.json
    contained 2>&1 | head -1 > "$work/box.first" &
    need "text by default" within 10 grep -qE '^20[0-9-]*T[0-9:.]*Z INFO event=daemon.started ' "$work/box.first"
    need "the file is done although nobody reads the log" within 20 done_with box.csv 10 $home/state
    inside kill -TERM "$(pid_of_it)"
    need "ends" within 20 ended
    inside rm -r $home
    return $wrong
}
