#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # common.bash and units.bash set them, each test for itself
# The services as systemd runs them: users and rights, activation, restart, reload, and what
# happens when one hangs or cannot start.
#
# Runs inside a systemd of its own
bats_require_minimum_version 1.5.0
load common
load units/units
load push/drive

setup_file() {
	[ "$(systemctl is-system-running 2>/dev/null)" = running ] || skip 'this takes a systemd to throw away: run-bats has one'
	[ "$unitdir" = /usr/lib/systemd/system ] || [ "$unitdir" = /usr/local/lib/systemd/system ] ||
		skip 'systemd does not look for units where this build installs them: configure with --prefix=/usr'
	! grep -q __asan_init "$top_builddir/stored/tidings-stored" ||
		skip 'sanitizers need what the units forbid'
	begin_tests
	unset TIDINGS_CONFIG
	all_files >"$dir/before"
	install_tidings
	cp "$confdir/tidings.conf" "$dir/shipped.conf"
	start_web_server
}

teardown_file() {
	[ -z "${dir-}" ] || rm -rf "$dir"
}

setup() {
	user=user-$BATS_TEST_NUMBER
	TOKEN=$(make_token "$user")
}

# No test is to find what another has left
teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] || as_shipped
}

@test "nothing runs until it is asked for; the first request and the first client start all" {
	for service in "${services[@]}"; do
		is "$service" ActiveState inactive
	done
	api GET /unread-count
	expect_status 200
	is tidings-api.service ActiveState active
	is tidings-stored.service ActiveState active
	is tidings-pushd.service ActiveState inactive
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$url/ws")" = 426 ]
	is tidings-pushd.service ActiveState active
	scenario service reload_keeps_clients
}

@test "systemd has no remark on the units" {
	run systemd-analyze verify --man=no "$unitdir"/tidings*.*
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$output" ]
	for page in $(grep -ohE 'man:[a-z.-]+\([0-9]\)' "$unitdir"/tidings*.* | sort -u | sed 's/man://; s/(/./; s/)//'); do
		ls "$top_builddir/man/$page"
	done
}

@test "each service is as confined as it can be" {
	for service in "${services[@]}" tidings-backup.service; do
		systemd-analyze security --no-pager --threshold=10 "$service" >"$dir/exposure"
		echo "# $(tail -n 1 "$dir/exposure")" >&3
	done
	# The network alone is 1.0 of it
	systemd-analyze security --no-pager --threshold=11 tidings-away.service
}

@test "REST and administrators ask the push daemon on its control socket, which starts it" {
	local TOKEN

	TOKEN=$(make_token admin admin)
	systemctl stop tidings-pushd.service
	api GET /stats
	expect_status 200
	expect '.push | type == "object"'
	is tidings-pushd.service ActiveState active
	as_user nobody tidings "$bindir/tidings" connections
	refute as_user nobody nogroup "$bindir/tidings" connections
}

@test "one user a job; files and sockets are for those who need them" {
	expect_rights() { # MODE USER GROUP FILE
		[ "$(stat -c '%a %U %G' "$4")" = "$1 $2 $3" ] || { stat "$4" >&2; return 1; }
	}
	systemctl start "${services[@]}"
	expect_rights 666 root root "$rundir/store.sock"
	expect_rights 660 root "$web_group" "$rundir/api.sock"
	expect_rights 660 root "$web_group" "$rundir/push.sock"
	expect_rights 660 root "$web_group" "$rundir/status.sock"
	expect_rights 666 root root "$rundir/push-control.sock"
	expect_rights 750 tidings-stored tidings-stored "$statedir"
	expect_rights 750 tidings-stored tidings-stored "$statedir/log"
	expect_rights 640 tidings-stored tidings-stored "$(ls "$statedir"/log/log.* | head -n 1)"
	expect_rights 640 root tidings-keys "$confdir/jwt.key"
	[ -z "$(find "$statedir" -perm /007)" ]
	for service in "${services[@]}"; do
		[ "$(stat -c %U "/proc/$(property "$service" MainPID)")" = "${service%.service}" ]
	done
	refute as_user tidings-api tidings-api,tidings-keys ls "$statedir"
	refute as_user tidings-stored tidings-stored cat "$confdir/jwt.key"
	refute as_user nobody nogroup curl -s -o /dev/null --unix-socket "$rundir/push.sock" http://localhost/
}

@test "the groups tidings and tidings-publish, and nobody else, may use the store" {
	tool() { # GROUPS ARGUMENT...
		as_user nobody "$1" "$bindir/tidings" "${@:2}"
	}
	tool tidings send "$user" Title Message
	tool tidings-publish send "$user" Title Message
	[ "$(tool tidings count "$user" --json | jq .unreadCount)" = 2 ]
	refute tool tidings-publish count "$user"
	refute tool nogroup send "$user" Title Message
}

@test "the status page sees the figures of both, and its user nothing else" {
	local page=http://127.0.0.1:8080/tidings-status

	create "$user" >/dev/null
	body=$(curl -sS "$page?format=json")
	expect '.push.connections.open >= 0 and .store.notifications.created >= 1'
	curl -sS "$page" | grep -F 'Slow clients'
	[ "$(curl -sS "$page/metrics" | grep -c '^tidings_up{part=".*"} 1$')" = 2 ]
	curl -sS -o /dev/null -w '%{http_code}' -H 'X-Forwarded-For: 192.0.2.1' "$page" | grep -x 403
	is tidings-status.service ActiveState active
	refute as_user tidings-status tidings-status cat "$confdir/jwt.key"
	refute as_user tidings-status tidings-status ls "$statedir"
	as_user nobody tidings-status "$bindir/tidings" stats
	refute as_user nobody tidings-status "$bindir/tidings" count "$user"
	refute as_user nobody tidings-status "$bindir/tidings" send "$user" Title Message
	refute as_user nobody tidings-status "$bindir/tidings" connections
	refute as_user nobody tidings-publish "$bindir/tidings" stats
}

@test "a service is ready when it can serve, and says what it does" {
	for service in "${services[@]}"; do
		systemctl restart "$service"
		is "$service" SubState running
		is_not "$service" StatusText ''
	done
	# One that cannot has never been ready
	rm "$confdir/jwt.key"
	drop_in tidings-api.service Restart=no
	refute systemctl restart tidings-api.service
	is tidings-api.service ActiveState failed
	said tidings-api.service "$confdir/jwt.key"
	as_shipped
	api GET /unread-count
	expect_status 200
}

restart_store() {
	systemctl restart tidings-stored.service
}

@test "the store restarts under load: nothing is lost, nobody is refused" {
	scenario service restart_under_load
}

@test "a reload of the REST interface reads the keys again" {
	local pid other=$dir/other.key

	pid=$(property tidings-api.service MainPID)
	echo 'another secret for tests, of 32 bytes or more' >"$other"
	cat "$other" >"$confdir/jwt.key"
	systemctl reload tidings-api.service
	refuses() { api GET /unread-count && expect_error 401 token_signature; }
	await refuses
	cat "$key_file" >"$confdir/jwt.key"
	systemctl reload tidings-api.service
	accepts() { api GET /unread-count && expect_status 200; }
	await accepts
	is tidings-api.service MainPID "$pid"
}

reload_push() {
	local pid

	pid=$(property tidings-pushd.service MainPID)
	systemctl reload tidings-pushd.service
	is tidings-pushd.service MainPID "$pid"
}

@test "a reload of the push daemon keeps its clients" {
	scenario service reload_keeps_clients
}

# As a package does it, which puts a new file in the place of the old one
upgrade_push() {
	local pid

	pid=$(property tidings-pushd.service MainPID)
	cp "$sbindir/tidings-pushd" "$sbindir/tidings-pushd.new"
	mv "$sbindir/tidings-pushd.new" "$sbindir/tidings-pushd"
	[[ "$(readlink "/proc/$pid/exe")" = *' (deleted)' ]]
	eval "$(shown tidings-units.7 '--signal=USR2')"
	await test "$sbindir/tidings-pushd" -ef "/proc/$pid/exe"
	is tidings-pushd.service MainPID "$pid"
	is tidings-pushd.service NRestarts 0
}

@test "an upgrade of the push daemon keeps its clients" {
	systemctl restart tidings-pushd.service
	scenario service upgrade_keeps_clients
	[ "$(property tidings-pushd.service SubState)" = running ]
}

@test "a client goes when a reload takes its key away" {
	scenario service taken_key
	as_shipped
}

# event NAME: the message id
event_id() {
	awk -v name="[$1]" '$1 == name { gsub(/[",{]/, ""); print $3 }' "$top_srcdir/lib/log_event.c" | grep .
}

# logged NAME CONDITION: whether there is such an event in the journal, with such fields (jq)
logged() {
	journalctl --no-pager -o json MESSAGE_ID="$(event_id "$1")" | jq -se "any(.[]; $2)"
}

@test "the journal has kinds and fields, with a catalog; the level can be changed while all run" {
	journalctl --update-catalog
	while read -r id; do
		journalctl --no-pager --list-catalog "$id" | grep -q 'tidings'
	done < <(grep -oE '\b[0-9a-f]{32}\b' "$top_srcdir/lib/log_event.c")
	printf '[log]\nlevel = debug\n' >>"$confdir/tidings.conf"
	for service in "${services[@]}"; do
		systemctl start "$service"
		systemctl reload "$service"
		await logged LOG_RELOADED "._SYSTEMD_UNIT == \"$service\" and .PRIORITY == \"6\""
	done
	TOKEN=none api GET /unread-count
	expect_status 401
	await logged LOG_REQUEST_REFUSED \
		'.TIDINGS_CODE == "token_malformed" and .TIDINGS_STATUS == "401" and .TIDINGS_ADDRESS == "127.0.0.1"'
	TOKEN=$(make_token "$user") api POST / '{}'
	expect_status 403
	await logged LOG_REQUEST_REFUSED ".TIDINGS_USER == \"$user\""
	run -1 setpriv --reuid=nobody --regid=nogroup --clear-groups "$bindir/tidings" count "$user"
	await logged LOG_PERMISSION '.TIDINGS_UID == "65534"'
	as_shipped
	logged LOG_STORE_SERVING 'has("TIDINGS_USER") | not'
}

@test "a service that hangs is killed and started again" {
	local -A pids

	for service in "${services[@]}"; do
		drop_in "$service" WatchdogSec=1s TimeoutAbortSec=2s LimitCORE=0
		systemctl restart "$service"
		pids[$service]=$(property "$service" MainPID)
		kill -STOP "${pids[$service]}"
	done
	for service in "${services[@]}"; do
		await is_not "$service" MainPID "${pids[$service]}"
		await is "$service" SubState running
		said "$service" 'Watchdog timeout'
	done
	create "$user" >/dev/null
	scenario service reload_keeps_clients
	as_shipped
}

@test "one that cannot start is tried again, up to a limit; that is said, and can be mended" {
	echo '[nonsense]' >>"$confdir/tidings.conf"
	drop_in tidings-api.service RestartSec=50ms
	refute systemctl restart tidings-api.service
	await said tidings-api.service 'Start request repeated too quickly'
	await is tidings-api.service ActiveState failed
	said tidings-api.service "$confdir/tidings.conf"
	as_shipped
	api GET /unread-count
	expect_status 200
}

@test "a drop-in lets the push daemon listen by itself" {
	shown_drop_in tidings-pushd.service PrivateNetwork=no
	sed -i 's/^\[push\]/&\nlisten = 127.0.0.1:8081/' "$confdir/tidings.conf"
	eval "$(shown tidings-units.7 '--now tidings-pushd.socket')"
	push=8081 scenario service reload_keeps_clients
	systemctl disable -q --now tidings-pushd.service
	as_shipped
}

@test "a drop-in lets another web server in" {
	shown_drop_in tidings-pushd.socket SocketGroup s/nginx/nogroup/
	systemctl stop tidings-pushd.service
	systemctl restart tidings-pushd.socket
	[ "$(stat -c %G "$rundir/push.sock")" = nogroup ]
	as_shipped
	[ "$(stat -c %G "$rundir/push.sock")" = "$web_group" ]
}

@test "a drop-in gives the push daemon a port, more descriptors, and the store a disk of its own" {
	shown_drop_in tidings-pushd.socket ListenStream s/192.0.2.1/127.0.0.1/
	shown_drop_in tidings-pushd.service LimitNOFILE
	shown_drop_in tidings-stored.service ReadWritePaths
	install -d -m 750 -o tidings-stored -g tidings-stored /srv/tidings
	printf '[store]\nhome = /srv/tidings\n' >>"$confdir/tidings.conf"
	systemctl stop "${services[@]}"
	systemctl restart tidings-pushd.socket
	push=8081 scenario service reload_keeps_clients
	is tidings-pushd.service LimitNOFILE 1000000
	[ -n "$(ls /srv/tidings/data)" ]
	as_shipped
	rm -r /srv/tidings
}

@test "the doctor is content with what is installed, and finds what is taken from it" {
	doctor() { # STATUS [OPTION...]
		run "-$1" --separate-stderr "$bindir/tidings" doctor --json "${@:2}"
	}
	found() { # CHECK RESULT [TEXT]
		jq -e --arg check "$1" --arg result "$2" --arg text "${3-}" \
			'.findings | any(.check == $check and .result == $result and
				(.finding | contains($text)))' <<<"$output" || { jq . <<<"$output"; return 1; }
	}
	local check

	doctor 0 --url "$url"
	# How many descriptors there are the machine of the test decides
	for check in configuration keys users services sockets store 'push daemon' log feed 'web server' \
		authorization websocket stream; do
		found "$check" ok
	done
	chgrp root "$confdir/jwt.key"
	chmod 700 "$statedir/log"
	gpasswd -d tidings-pushd tidings-keys
	systemctl stop tidings-pushd.socket
	doctor 1
	found keys failure 'cannot be read by the services'
	found log failure 'tidings-pushd cannot read'
	found users failure 'tidings-pushd is not in the group tidings-keys'
	found services failure 'tidings-pushd.socket is inactive'
	found sockets failure "$rundir/push.sock"
	chmod 750 "$statedir/log"
	systemd-sysusers
	as_shipped
	drop_in tidings-api.service ExecStart= ExecStart=/bin/false Restart=no
	refute systemctl restart tidings-api.service
	doctor 1
	found services failure 'tidings-api.service has failed'
	as_shipped
	doctor 0
}

# What tidings-away hands over goes to a program that the unit lets it run
use_away() {
	away_program=/usr/local/libexec/tidings-take
	mkdir -p /usr/local/libexec
	printf '#!/bin/sh\nid -un; cat >%s\n' "$statedir-away/taken" >"$away_program"
	chmod 755 "$away_program"
	printf '[away]\nafter = 1s\nrun = %s\n' "$away_program" >>"$confdir/tidings.conf"
}

@test "tidings-away is off; it starts where there is a receiver, as its own user" {
	systemctl start tidings.target
	is tidings-away.service ActiveState inactive
	is tidings-away.service UnitFileState disabled
	# Without a receiver it ends, and is not started again and again
	refute systemctl start tidings-away.service
	is tidings-away.service NRestarts 0
	said tidings-away.service 'neither run nor url is set'
	use_away
	shown_drop_in tidings-away.service PrivateNetwork=yes
	systemctl reset-failed tidings-away.service
	systemctl restart tidings-away.service
	is tidings-away.service SubState running
	is_not tidings-away.service StatusText ''
	[ "$(stat -c '%a %U' "$statedir-away")" = '700 tidings-away' ]
	create "$user" >/dev/null
	await test -s "$statedir-away/taken"
	[ "$(jq -r .userId "$statedir-away/taken")" = "$user" ]
	await said tidings-away.service 'tidings-away'
	await logged LOG_DELIVERED ".TIDINGS_USER == \"$user\" and (.TIDINGS_DELIVERY | length) == 36"
	# It may list and ask who is there, and nothing else
	as_user tidings-away nogroup "$bindir/tidings" list "$user"
	refute as_user tidings-away nogroup "$bindir/tidings" count "$user"
	refute as_user tidings-away nogroup "$bindir/tidings" send "$user" Title Message
	refute as_user tidings-away nogroup "$bindir/tidings" connections
	printf '[log]\nlevel = debug\n' >>"$confdir/tidings.conf"
	systemctl reload tidings-away.service
	await logged LOG_RELOADED '._SYSTEMD_UNIT == "tidings-away.service"'
	"$bindir/tidings" doctor --json | jq -e '.findings | any(.check == "away" and .result == "ok")'
	rm "$away_program"
	systemctl stop tidings-away.service
	run "$bindir/tidings" doctor --json
	jq -e '[.findings[] | select(.check == "away" and .result == "failure").finding]
		| any(contains("cannot be run")) and any(contains("does not run"))' <<<"$output"
	rm -r "$statedir-away"
	systemd-tmpfiles --create tidings.conf
	as_shipped
}

@test "a secret is for tidings-away, which has the network" {
	need_python() { command -v python3 >/dev/null || skip 'python3 is not installed'; }
	need_python
	systemd-run -q --unit=receiver python3 "$BATS_TEST_DIRNAME/away/receiver.py" "$dir"
	port_of_receiver() { port=$(journalctl -u receiver -o cat --no-pager | grep -xE '[0-9]+'); }
	await port_of_receiver
	port_of_receiver
	eval "$(shown tidings-away.8 'openssl rand')"
	[ "$(stat -c '%a %U %G' "$confdir/away.secret")" = '640 root tidings-away' ]
	printf '[away]\nafter = 1s\nurl = http://127.0.0.1:%s/\nsecret-file = %s\n' "$port" \
		"$confdir/away.secret" >>"$confdir/tidings.conf"
	systemctl restart tidings-away.service
	create "$user" >/dev/null
	await grep -q "$user" "$dir/requests"
	chmod 644 "$confdir/away.secret"
	run "$bindir/tidings" doctor --json
	jq -e '.findings | any(.check == "away" and (.finding | contains("for everybody to read")))' <<<"$output"
	rm "$confdir/away.secret"
	systemctl stop receiver tidings-away.service
	rm -r "$statedir-away"
	systemd-tmpfiles --create tidings.conf
	as_shipped
}

@test "the nightly backup is made as confined as it is" {
	systemctl start tidings-backup.service
	[ "$(find "$localstatedir/backups/tidings" -mindepth 1 -maxdepth 1 -name 'tidings-*Z' | wc -l)" = 1 ]
	rm -r "$localstatedir/backups"
}

@test "what is stopped is stopped; without tidings nothing is left but its data and its key" {
	systemctl stop tidings.target
	for unit in "${services[@]}" "${sockets[@]}"; do
		is "$unit" ActiveState inactive
	done
	eval "$(shown tidings-units.7 '^# systemctl disable --now tidings[.]target')"
	make -s -C "$top_builddir" uninstall >/dev/null
	systemctl daemon-reload
	all_files >"$dir/after"
	comm -13 "$dir/before" "$dir/after" | grep -v "^$statedir" >"$dir/left" || true
	cat "$dir/left"
	[ "$(cat "$dir/left")" = "$confdir
$confdir/jwt.key" ]
	[ -n "$(ls "$statedir/data")" ]
}
