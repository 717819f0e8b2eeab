#!/usr/bin/env bats
# tidings doctor: a good installation is found well, and each fault by its name, with a remedy.
# And tidings config check.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

# Variables come from common.bash; in single quotes stand texts for jq
# shellcheck disable=SC2016,SC2154

setup_file() {
	begin_tests
	set_config push max-connections 500
	set_config push ping-interval 4
	start_stored
	start_pushd
	start_api
	start_lighttpd
}

teardown_file() {
	end_tests
}

# Each test ends with all running unless it failed
setup() {
	user=user$BATS_TEST_NUMBER
	cd "$BATS_TEST_TMPDIR" || return
	[ -e "$dir/pids/stored" ] || start_stored
	[ -e "$dir/pids/pushd" ] || start_pushd
	cp "$TIDINGS_CONFIG" "$BATS_TEST_TMPDIR/own.conf"
}

# diagnose STATUS [OPTION...]: the findings, as JSON, in $output
diagnose() {
	run -"$1" --separate-stderr tidings doctor --json "${@:2}"
	[ -z "$stderr" ]
}

# found CHECK RESULT [TEXT [REMEDY]]: one that bears these words
found() {
	jq -e --arg check "$1" --arg result "$2" --arg text "${3-}" --arg remedy "${4-}" \
		'.findings | any(.check == $check and .result == $result and
			(.finding | contains($text)) and (.remedy // "" | contains($remedy)))' \
		<<<"$output" >/dev/null || {
		echo "not found: $*"
		jq . <<<"$output"
		return 1
	}
}

# with SECTION KEY VALUE: own.conf with this setting
with() {
	sed -E "/^\[$1\]/,/^\[/ s|^$2 = .*|$2 = $3|" "$TIDINGS_CONFIG" >own.conf
}

# other_lighttpd CONFIGURATION: a further web server, whose base is $other
other_lighttpd() {
	local url site kept=$dir/lighttpd.conf.kept

	mv "$dir/lighttpd.conf" "$kept"
	mv "$dir/pids/lighttpd" "$dir/lighttpd.pid"
	start_lighttpd "$1" || return
	other=$url
	mv "$dir/pids/lighttpd" "$dir/pids/other"
	mv "$dir/lighttpd.pid" "$dir/pids/lighttpd"
}

rest_by_lighttpd() {
	cat <<-END
		fastcgi.server = ("/api/notifications" => (("socket" => "$dir/api.sock",
			"check-local" => "disable")))
	END
}

push_by_lighttpd() { # [LINE...]
	cat <<-END
		\$HTTP["url"] =~ "^/api/notifications/(ws|stream)\$" {
			proxy.server = ("" => (("host" => "$dir/push.sock")))
			$(printf '%s\n' "$@")
		} else \$HTTP["url"] =~ "^/api/notifications(/|\$)" {
			$(rest_by_lighttpd)
		}
	END
}

teardown() {
	stop_program other
}

# --- A good one -------------------------------------------------------------

@test "a good installation is well, also by the web server; what does not apply is told" {
	echo 'server.max-connections = 2000' >web.conf
	diagnose 0 --url "$url/" --web-config web.conf
	of_json '.ok and (.findings | all(.result != "failure"))'
	found configuration ok "$TIDINGS_CONFIG"
	found keys ok "$key_file"
	found users unchecked
	found services unchecked
	found sockets ok
	found store ok "$dir/store.sock"
	found 'push daemon' ok
	found log ok
	found feed ok
	found descriptors ok
	found 'web server' ok
	found authorization ok
	found websocket ok
	found stream ok
	found idle unchecked --patient
	found connections ok 'lighttpd: server.max-connections is 2000'
}

@test "without --url nothing is tried by the web server; a terminal gets lines" {
	diagnose 0
	found websocket unchecked --url
	run -0 tidings doctor
	[[ ${lines[0]} = RESULT*CHECK*FINDING ]]
	grep -q '^OK  *store  *it answers at' <<<"$output"
	grep -q '^NOT CHECKED  *stream  *give --url' <<<"$output"
}

@test "with --patient a silent WebSocket is held for two heartbeats" {
	diagnose 0 --url "$url" --patient
	found idle ok
}

@test "wrong usage ends with 2, and says what is wrong" {
	local wrong
	while IFS= read -r wrong; do
		echo "# $wrong"
		eval "run -2 --separate-stderr tidings $wrong"
		[ -z "$output" ]
		[[ $stderr == "tidings"*": "* ]]
	done <<-'END'
		doctor now
		doctor --url ftp://example.org
		doctor --user ''
		config
		config show
		config check now
	END
}

# --- The installation ---------------------------------------------------------

@test "a wrong configuration: every line that is wrong, and nothing else is looked at" {
	printf '[push]\nping-interval = never\nno-such-key = 1\n' >own.conf
	diagnose 1 --config own.conf
	of_json '.ok == false and (.findings | length) == 2'
	found configuration failure 'own.conf:2: ' tidings.conf
	found configuration failure 'own.conf:3: '
	diagnose 1 --config /nonexistent/tidings.conf
	found configuration failure 'No such file'
}

@test "config check: the same lines, and 0 for a good one" {
	run -0 --separate-stderr tidings config check
	[ "$output" = "$TIDINGS_CONFIG can be used" ]
	run -0 tidings config check --json
	of_json '.ok and .problems == []'
	printf '[push]\nping-interval = never\nno-such-key = 1\n' >own.conf
	run -1 --separate-stderr tidings config check --config own.conf
	[[ ${lines[0]} = "own.conf:2: "* && ${lines[1]} = "own.conf:3: "* && ${#lines[@]} = 2 ]]
	run -1 tidings config check --config own.conf --json
	of_json '.ok == false and (.problems | length) == 2'
}

@test "a key that everybody can read, that is short, or that is not there" {
	cp "$key_file" own.key
	chmod 644 own.key
	with auth key-file "$PWD/own.key"
	diagnose 1 --config own.conf
	found keys failure 'read or written by everybody' 'chmod o='
	chmod 600 own.key
	echo short >own.key
	diagnose 1 --config own.conf
	found keys failure "$PWD/own.key"
	rm own.key
	diagnose 1 --config own.conf
	found keys failure 'No such file' openssl
	mkdir own.key
	diagnose 1 --config own.conf
	found keys failure 'no regular file'
}

@test "publisher keys: none, some, one that has expired, and files that cannot be used" {
	diagnose 0
	found 'publisher keys' ok 'there are 0'
	with auth publisher-keys "$PWD/publishers"
	tidings key add shop --config own.conf
	tidings key add cron --config own.conf
	diagnose 0 --config own.conf
	found 'publisher keys' ok 'there are 2'
	sed -i 's/^cron \(.*\) never$/cron \1 2026-01-31T09:30:00Z/' publishers
	diagnose 0 --config own.conf
	found 'publisher keys' warning 'cron has expired' 'key revoke cron'
	chmod g+w publishers
	diagnose 1 --config own.conf
	found 'publisher keys' failure "others than its owner" "chmod go-w $PWD/publishers"
	chmod g-w publishers
	echo nonsense >>publishers
	diagnose 1 --config own.conf
	found 'publisher keys' failure "$PWD/publishers:4: " tidings-publishers
}

@test "users of the configuration that the system does not know" {
	sed -i "s|^api-users = .*|api-users = nobody,no-such-user|" own.conf
	diagnose 1 --config own.conf
	found users failure 'no user no-such-user' systemd-sysusers
}

@test "the store is away" {
	stop_program stored
	diagnose 1
	found store failure "$dir/store.sock" tidings-stored
	found sockets failure "$dir/store.sock" 'start tidings-stored'
	found feed unchecked
	diagnose 1 --url "$url"
	found 'web server' failure 'cannot reach the store'
	found authorization ok
	found websocket ok 'the web server passes it'
	found stream unchecked 'while something is away'
	start_stored
}

@test "the push daemon is away" {
	stop_program pushd
	diagnose 1
	found 'push daemon' failure "$dir/push-control.sock" tidings-pushd
	found sockets failure "$dir/push.sock"
	found feed unchecked
	found descriptors unchecked
	diagnose 1 --user "$user"
	found sessions failure "$dir/push-control.sock"
	start_pushd
}

@test "a socket to which nobody may connect, and a file in the place of one" {
	local mode
	mode=$(stat -c %a "$dir/push.sock")
	chmod 600 "$dir/push.sock"
	diagnose 1
	found sockets failure 'mode 0600: the web server cannot connect' chmod
	chmod "$mode" "$dir/push.sock"
	echo none >none.sock
	with store socket "$PWD/none.sock"
	diagnose 1 --config own.conf
	found sockets failure 'no socket'
}

@test "the push daemon follows another store" {
	local home=$dir/home2
	mkdir "$home"
	with store socket "$dir/store2.sock"
	sed -i "s|^home = .*|home = $home|" own.conf
	start_program stored2 "$top_builddir/stored/tidings-stored" --config "$PWD/own.conf"
	diagnose 1 --config own.conf
	stop_program stored2
	found feed failure 'another store' 'one configuration'
}

@test "a push daemon that may not have enough descriptors" {
	descriptors=200 pushd_with few
	diagnose 0 --config "$dir/few.conf"
	stop_program few
	found descriptors warning '200' LimitNOFILE
}

# --- The web server -------------------------------------------------------------

@test "no web server, or one that passes the paths elsewhere" {
	diagnose 1 --url http://127.0.0.1:1/api/notifications
	found 'web server' failure
	diagnose 1 --url "$site/elsewhere"
	found 'web server' failure 'status 404' FastCGI
	found websocket failure 'status 404' tidings-pushd
	found stream failure 'status 404'
}

@test "a web server that drops Authorization" {
	other_lighttpd "$(push_by_lighttpd 'proxy.header = ("upgrade" => "enable")')
		setenv.set-request-header = (\"Authorization\" => \"\")"
	diagnose 1 --url "$other"
	found authorization failure 'drops the header Authorization' lighttpd
}

@test "a web server whose clock is wrong" {
	other_lighttpd "$(push_by_lighttpd 'proxy.header = ("upgrade" => "enable")' \
		'server.stream-response-body = 2')
		setenv.set-response-header = (\"Date\" => \"Thu, 01 Jan 2026 00:00:00 GMT\")"
	diagnose 0 --url "$other"
	found 'web server' ok
	found 'web server' warning 'its clock differs from the one here by -' NTP
}

@test "a web server that drops the upgrade, and gathers streams" {
	other_lighttpd "$(push_by_lighttpd)"
	diagnose 1 --url "$other"
	found authorization ok
	found websocket failure 'drops the header Upgrade' 'lighttpd: proxy.header'
	found stream failure '' server.stream-response-body
}

@test "a web server that cuts off what is silent" {
	other_lighttpd "$(push_by_lighttpd 'proxy.header = ("upgrade" => "enable")' \
		'server.stream-response-body = 2' 'server.max-read-idle = 1' 'server.max-write-idle = 1')"
	diagnose 1 --url "$other" --patient
	found idle failure 'is cut after' server.max-read-idle
}

@test "a token that is refused by the REST program, and no key to make one with" {
	diagnose 1 --url "$url" --token x.y.z
	found authorization failure token_malformed
	found websocket failure 'status 401'
	with auth algorithm ES256
	sed -i '/^key-file/i algorithm = ES256' own.conf
	diagnose 1 --url "$url" --config own.conf
	found authorization unchecked '' --token
}

@test "the web server's limit of connections" {
	printf 'events {\n\tworker_connections 768; # each\n}\nworker_processes 2;\n' >nginx.conf
	diagnose 0 --web-config nginx.conf
	found connections ok 'nginx: worker_connections is 768'
	sed -i s/768/100/ nginx.conf
	diagnose 0 --web-config nginx.conf
	found connections warning '100 clients; max-connections is 500' 'raise it'
	echo '#MaxRequestWorkers 5' >apache.conf
	diagnose 0 --web-config apache.conf
	found connections unchecked
	echo '    MaxRequestWorkers	 150' >>apache.conf
	diagnose 0 --web-config apache.conf
	found connections warning 'Apache: MaxRequestWorkers is 150'
	echo 'server.max-fds = 3000' >lighttpd.conf
	diagnose 0 --web-config lighttpd.conf
	found connections ok 'lighttpd: server.max-connections is 1000, the default'
}

# --- A user ---------------------------------------------------------------------

@test "a user whom nobody knows" {
	diagnose 1 --user "$user"
	found inbox failure 'nobody of this name' userId
	found sessions failure 'nobody is connected'
	found tokens ok
	found 'last refusal' ok
}

@test "a user with sessions, who was told all" {
	create "$user"
	hold "$user" 2
	diagnose 0 --user "$user"
	found inbox ok '1 notifications, 1 of them unread'
	found sessions ok 'a websocket from'
	found sessions ok 'told all up to seq 1'
	create "$user"
	diagnose 0 --user "$user"
	found sessions ok 'told all up to seq 2'
	release
}

@test "a user who was revoked, one whose token has ended, and one with too many sessions" {
	hold "$user" 1
	tidings disconnect --revoke "$user"
	release
	diagnose 1 --user "$user"
	found tokens warning revoked 'log in'
	found 'last refusal' warning disconnected
	TOKEN=$(make_token "$user-old" '' -100)
	run curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $TOKEN" "$url/stream"
	[ "$output" = 401 ]
	diagnose 1 --user "$user-old"
	found 'last refusal' warning token_expired 'new token'
	hold "$user-many" 6
	diagnose 0 --user "$user-many"
	found 'last refusal' warning too_many_connections max-connections-per-user
	release
}
