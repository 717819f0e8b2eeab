#!/usr/bin/env bats
# The ways in which notifications.fcgi is started and ended: by FastCGI through
# cgi-fcgi and lighttpd, as plain CGI, activated by systemd; its workers.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load common

setup_file() {
	begin_tests
	set_config push control ''
	set_config web workers 4
	start_stored
	start_api
}

teardown_file() {
	end_tests
}

setup() {
	program=$top_builddir/cgi/notifications.fcgi
	user=user-$BATS_TEST_NUMBER
	TOKEN=$(make_token "$user")
}

# request GATEWAY METHOD PATH-INFO [BODY [VARIABLE=VALUE...]]: the request by plain CGI
# ("cgi") or to a FastCGI socket (its path). Sets $status, $headers, $body and $result,
# the exit status.
request() {
	local -a run=("$program")
	local text=${4-}
	local -a variables=(PATH="$PATH" TIDINGS_CONFIG="$TIDINGS_CONFIG" GATEWAY_INTERFACE=CGI/1.1
		REQUEST_METHOD="$2" SCRIPT_NAME=/cgi-bin/n PATH_INFO="$3" QUERY_STRING=
		HTTP_HOST=localhost SERVER_PROTOCOL=HTTP/1.1 CONTENT_TYPE=application/json)

	[ "$1" = cgi ] || run=(cgi-fcgi -bind -connect "$1")
	[ -z "${TOKEN-}" ] || variables+=(HTTP_AUTHORIZATION="Bearer $TOKEN")
	[ -z "$text" ] || variables+=(CONTENT_LENGTH="$(printf %s "$text" | wc -c)")
	result=0
	printf %s "$text" | env -i "${variables[@]}" "${@:5}" "${run[@]}" \
		>"$dir/answer" 2>>"$dir/cgi.log" || result=$?
	headers=$(tr -d '\r' <"$dir/answer" | sed '/^$/,$d')
	body=$(tr -d '\r' <"$dir/answer" | sed '1,/^$/d')
	status=$(header Status | cut -d ' ' -f 1)
}

note() {
	echo "{\"userId\":\"$user\",\"type\":\"info\",\"title\":\"T\",\"message\":\"M\"}"
}

# The same through every gateway
check_requests() {
	local id gateway=$1

	TOKEN=$publisher_token request "$gateway" POST / "$(note)"
	expect_status 201
	id=$(jq -r .notification.id <<<"$body")
	[ "$(header Location)" = "/cgi-bin/n/$id" ]
	request "$gateway" GET ''
	expect_status 200
	expect '.notifications[0].id == $id and .total == 1' --arg id "$id"
	[ "$(header Content-Length)" = "${#body}" ]
	request "$gateway" GET / '' QUERY_STRING='limit=5&type=error'
	expect '.notifications == []'
	request "$gateway" GET / '' QUERY_STRING='limit=%'
	expect_error 400 invalid_request
	request "$gateway" GET / '' QUERY_STRING='type=%FF'
	expect_error 400 invalid_request
	request "$gateway" GET / '' QUERY_STRING='category=%00'
	expect_error 400 invalid_request
	request "$gateway" HEAD /
	expect_status 200
	[ -z "$body" ]
	request "$gateway" PATCH "/$id/read"
	expect_status 200
	expect '.notification.read and .unreadCount == 0 and .seq == 2'
	request "$gateway" GET / '' HTTP_IF_NONE_MATCH='*'
	expect_status 304
	request "$gateway" PUT /
	expect_error 405 method_not_allowed
	request "$gateway" GET /x
	expect_error 404 not_found
	request "$gateway" GET healthz
	expect_error 404 not_found
	request "$gateway" GET /healthz
	expect_status 200
}

check_bodies() {
	local gateway=$1 TOKEN=$publisher_token

	request "$gateway" POST / "$(note)" CONTENT_LENGTH=70000
	expect_error 413 too_large
	request "$gateway" POST / "$(note)" CONTENT_LENGTH=60000
	expect_error 400 invalid_request
	for length in -1 x 1x 99999999999999999999999; do
		request "$gateway" POST / "$(note)" CONTENT_LENGTH="$length"
		expect_error 400 invalid_request
	done
	request "$gateway" POST / "$(note)" CONTENT_LENGTH=5
	expect_error 400 invalid_request
	request "$gateway" POST / "$(note)" CONTENT_TYPE=text/plain
	expect_error 415 unsupported_media_type
	request "$gateway" POST /batch "{\"notifications\":[$(note)]}$(printf '%70000s' '')"
	expect_status 201
	request "$gateway" POST /batch "{\"notifications\":[$(note)]}" CONTENT_LENGTH=4194305
	expect_error 413 too_large
}

check_tokens() {
	local gateway=$1 token=$TOKEN

	TOKEN='' request "$gateway" GET /
	expect_error 401 token_missing
	TOKEN='' request "$gateway" GET / '' REDIRECT_HTTP_AUTHORIZATION="Bearer $token"
	expect_status 200
	TOKEN='' request "$gateway" GET / '' HTTP_AUTHORIZATION='Bearer'
	expect_error 401 token_malformed
	TOKEN='' request "$gateway" GET / '' HTTP_AUTHORIZATION='Bearer '
	expect_error 401 token_malformed
}

@test "through cgi-fcgi" {
	check_requests "$dir/api.sock"
}

@test "through cgi-fcgi: bodies" {
	check_bodies "$dir/api.sock"
}

@test "through cgi-fcgi: tokens" {
	check_tokens "$dir/api.sock"
}

@test "plain CGI" {
	check_requests cgi
	[ "$result" = 0 ]
}

@test "plain CGI: bodies" {
	check_bodies cgi
}

@test "plain CGI: a body of unknown length" {
	TOKEN=$publisher_token
	request cgi POST / "$(note)" CONTENT_LENGTH= HTTP_TRANSFER_ENCODING=chunked
	expect_status 201
	request cgi POST / "$(head -c 65537 /dev/zero | tr '\0' ' ')" CONTENT_LENGTH= \
		HTTP_TRANSFER_ENCODING=chunked
	expect_error 413 too_large
}

@test "plain CGI: tokens" {
	check_tokens cgi
}

@test "plain CGI: without a length there is no body, even if input never ends" {
	mkfifo "$dir/endless"
	exec {input}<>"$dir/endless"
	TOKEN=$TOKEN request cgi GET / '' CONTENT_LENGTH= <&"$input"
	expect_status 200
	exec {input}<&-
	rm "$dir/endless"
}

@test "plain CGI: arguments are the query, and are no options" {
	run env -i PATH="$PATH" TIDINGS_CONFIG="$TIDINGS_CONFIG" GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=GET PATH_INFO=/x "$program" --config /etc/passwd --help </dev/null
	[ "$status" = 0 ]
	[[ "$output" == *'Status: 404'* ]]
}

@test "plain CGI through lighttpd" {
	start_lighttpd "
		alias.url = (\"/api/notifications\" => \"$program\")
		cgi.assign = (\"notifications.fcgi\" => \"\")
		setenv.set-environment = (\"TIDINGS_CONFIG\" => \"$TIDINGS_CONFIG\")"
	id=$(create "$user")
	api GET "/$id"
	expect_status 200
	expect '.notification.id == $id' --arg id "$id"
	api GET ''
	expect_status 200
	expect '.total == 1'
	as_publisher POST / "$(note)"
	expect_status 201
	[[ "$(header Location)" == /api/notifications/* ]]
	api GET /x
	expect_error 404 not_found
	stop_program lighttpd
}

@test "plain CGI: a wrong configuration is a 503 without inner matters, and a message" {
	echo '[store' >"$dir/wrong.conf"
	run --separate-stderr env -i PATH="$PATH" TIDINGS_CONFIG="$dir/wrong.conf" GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=GET PATH_INFO=/ "$program" </dev/null
	[ "$status" = 1 ]
	[[ "$output" == *'Status: 503'*'"code":"unavailable"'* ]]
	[[ "$output" != *"$dir"* ]]
	[[ "$stderr" == *"$dir/wrong.conf:1"* ]]
}

@test "spawned by lighttpd: processes that lighttpd starts, on its socket" {
	start_lighttpd "
		fastcgi.server = (\"/api/notifications\" => ((
			\"bin-path\" => \"$program --config $TIDINGS_CONFIG\",
			\"socket\" => \"$dir/spawned.sock\",
			\"max-procs\" => 2,
			\"check-local\" => \"disable\")))"
	create "$user" >/dev/null
	api GET /
	expect_status 200
	expect '.total == 1'
	stop_program lighttpd
	[ -z "$(processes "$program --config $TIDINGS_CONFIG\$")" ]
}

# processes PATTERN: the ids of those whose command line matches
processes() {
	pgrep -f -- "$1" || true
}

@test "activated by systemd" {
	activate_program activated "$dir/activated.sock" "$program" --config "$TIDINGS_CONFIG" -w 2
	request "$dir/activated.sock" GET /
	expect_status 200
	[ "$(workers activated | wc -w)" = 2 ]
	stop_program activated
	[ -S "$dir/activated.sock" ] # systemd's, not ours to remove
}

# workers [NAME]: the ids of the processes below it
workers() {
	local pid

	pid=$(cat "$dir/pids/${1-api}")
	cat "/proc/$pid/task/$pid/children"
}

@test "a TCP port" {
	for number in $(shuf -i 20000-32000 -n 20); do
		start_program tcp "$program" --listen "$number" --workers 1 2>/dev/null && break
	done
	request "localhost:$number" GET /unread-count
	expect_status 200
	stop_program tcp
}

@test "--workers, and the number in the configuration" {
	[ "$(workers | wc -w)" = 4 ]
	set_config web workers 3
	start_program three "$program" --listen "$dir/three.sock"
	[ "$(workers three | wc -w)" = 3 ]
	stop_program three
	start_program five "$program" --listen "$dir/five.sock" --workers 5
	[ "$(workers five | wc -w)" = 5 ]
	stop_program five
	set_config web workers 4
}

@test "SIGTERM ends all, at once, and removes the socket" {
	start_program ending "$program" --listen "$dir/ending.sock"
	children=$(workers ending)
	parent=$(cat "$dir/pids/ending")
	before=$(date +%s%N)
	stop_program ending
	[ $(($(date +%s%N) - before)) -lt 2000000000 ]
	[ ! -e "$dir/ending.sock" ]
	for pid in $parent $children; do
		refute kill -0 "$pid"
	done
}

@test "SIGTERM lets the request at hand finish" {
	start_program finishing "$program" --listen "$dir/finishing.sock" --workers 1
	worker=$(workers finishing | tr -d ' ')
	open_files=$(files "$worker")
	kill -STOP "$(cat "$dir/pids/stored")"
	(request "$dir/finishing.sock" GET / && echo "$status" >"$dir/finished") 3>&- &
	asking=$!
	while [ "$(files "$worker")" -lt $((open_files + 2)) ]; do
		kill -0 "$asking" # its connection and the store's are not there yet
	done
	kill -TERM "$(cat "$dir/pids/finishing")"
	kill -CONT "$(cat "$dir/pids/stored")"
	wait "$asking"
	[ "$(cat "$dir/finished")" = 200 ]
	stop_program finishing
}

# files PID: how many it has open
files() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

@test "workers end with their parent" {
	start_program orphaned "$program" --listen "$dir/orphaned.sock"
	children=$(workers orphaned)
	kill_program orphaned
	# shellcheck disable=SC2086 # a list of ids
	"$supervise" stop 5 $children
	# The file that is left does not keep the next from starting
	start_program orphaned "$program" --listen "$dir/orphaned.sock"
	request "$dir/orphaned.sock" GET /
	expect_status 200
	stop_program orphaned
}

@test "a worker that is killed is replaced, and nobody else is disturbed" {
	start_lighttpd
	create "$user" >/dev/null
	: >"$dir/codes"
	seq 600 | xargs -P 8 -I{} curl -sS -o /dev/null -w '%{http_code}\n' \
		-H "Authorization: Bearer $TOKEN" "$url/unread-count" >>"$dir/codes" 2>&1 3>&- &
	traffic=$!
	kills=0
	while kill -0 "$traffic" 2>/dev/null && [ "$kills" -lt 25 ]; do
		before=$(wc -l <"$dir/codes")
		pid=$(workers | tr ' ' '\n' | shuf -n 1)
		[ -z "$pid" ] || ! kill -KILL "$pid" || kills=$((kills + 1))
		# On with the next when traffic has gone on
		while kill -0 "$traffic" 2>/dev/null && [ "$(wc -l <"$dir/codes")" -lt $((before + 10)) ]; do
			:
		done
	done
	wait "$traffic"
	[ "$kills" -ge 20 ]
	[ "$(wc -l <"$dir/codes")" = 600 ]
	failed=$(grep -cv '^200$' "$dir/codes" || true)
	echo "# $kills workers killed, $failed of 600 requests lost with them" >&3
	[ "$failed" -le "$kills" ]
	api GET /unread-count
	expect_status 200
	[ "$(workers | wc -w)" = 4 ]
	grep -c 'was ended by signal 9' "$dir/api.log"
	stop_program lighttpd
}

@test "workers that cannot start do not take the machine, and come back" {
	start_program looping "$program" --listen "$dir/looping.sock" --workers 2
	parent=$(cat "$dir/pids/looping")
	before=$(date +%s%N)
	prlimit --pid "$parent" --nofile=1: # what is open stays so, a new worker gets nothing
	kill -KILL "$(workers looping | cut -d ' ' -f 1)"
	# 40 attempts at once, then 20 a second: 20 more take a second
	wait_for_line "$dir/looping.log" 'cannot accept requests' 60
	[ $(($(date +%s%N) - before)) -ge 900000000 ]
	request "$dir/looping.sock" GET / # by the other worker
	expect_status 200
	prlimit --pid "$parent" --nofile=1024:
	killed=$(workers looping | cut -d ' ' -f 1)
	kill -KILL "$killed"
	for _ in $(seq 1000); do
		[[ " $(workers looping) " = *" $killed "* || $(workers looping | wc -w) != 2 ]] || break
		sleep 0.02
	done
	[[ " $(workers looping) " != *" $killed "* ]]
	[ "$(workers looping | wc -w)" = 2 ]
	request "$dir/looping.sock" GET /
	expect_status 200
	stop_program looping
}

@test "peers that break off, or talk nonsense, cost nothing" {
	for i in $(seq 20); do
		curl -sS --unix-socket "$dir/api.sock" http://localhost/ >/dev/null 2>&1 && return 1
	done
	head -c 100000 /dev/urandom >"$dir/noise"
	for i in $(seq 20); do
		curl -sS --unix-socket "$dir/api.sock" --data-binary "@$dir/noise" --max-time 5 \
			http://localhost/ >/dev/null 2>&1 && return 1
	done
	children=$(workers)
	for i in $(seq 10); do
		request "$dir/api.sock" GET /
		expect_status 200
	done
	[ "$(workers)" = "$children" ]
	for pid in $children; do
		kill -0 "$pid"
	done
}

@test "a client that does not read its answer ends no worker" {
	start_lighttpd
	for i in $(seq 30); do
		as_publisher POST / "{\"userId\":\"$user\",\"type\":\"info\",\"title\":\"T\",\"message\":\"$(printf 'x%.0s' {1..1000})\"}"
	done
	children=$(workers)
	for i in $(seq 20); do
		curl -sS -o /dev/null --max-time 0.00$((i % 5 + 1)) -H "Authorization: Bearer $TOKEN" "$url/?limit=100" || true
	done 2>/dev/null
	api GET '/?limit=100'
	expect_status 200
	expect '.notifications | length == 30'
	[ "$(workers)" = "$children" ]
	stop_program lighttpd
}

@test "SIGHUP: new keys and configuration, workers replaced, a wrong one ignored" {
	start_program reloaded "$program" --listen "$dir/reloaded.sock"
	first=$(workers reloaded)
	echo 'another secret, also of 32 bytes or more' >"$dir/new.key"
	token=$(mint_token '{"alg":"HS256"}' "{\"sub\":\"$user\",\"exp\":$(($(date +%s) + 60))}" "$dir/new.key")
	TOKEN=$token request "$dir/reloaded.sock" GET /
	expect_error 401 token_signature
	set_config auth key-file "$dir/new.key"
	kill -HUP "$(cat "$dir/pids/reloaded")"
	# shellcheck disable=SC2086 # a list of ids
	"$supervise" stop 10 $first
	TOKEN=$token request "$dir/reloaded.sock" GET /
	expect_status 200
	request "$dir/reloaded.sock" GET /
	expect_error 401 token_signature
	second=$(workers reloaded)
	echo 'nonsense' >>"$TIDINGS_CONFIG"
	kill -HUP "$(cat "$dir/pids/reloaded")"
	wait_for_line "$dir/reloaded.log" 'the configuration stays as it was'
	[ "$(workers reloaded)" = "$second" ]
	TOKEN=$token request "$dir/reloaded.sock" GET /
	expect_status 200
	refute grep -F "$token" "$dir/reloaded.log"
	set_config auth key-file "$key_file"
	stop_program reloaded
}

# wait_for_line FILE TEXT [TIMES]: until it is written
wait_for_line() {
	[ "$(timeout 20 grep -F -m "${3-1}" "$2" <(tail -n +1 -f "$1" 2>/dev/null) | wc -l)" = "${3-1}" ]
}

@test "a wrong start is told: configuration, key, address, options" {
	run "$program" --config "$dir/none.conf" --listen "$dir/x.sock"
	[ "$status" = 1 ]
	[[ "$output" == *"$dir/none.conf"* ]]
	printf '[web]\nworkers = 0\ncolour = red\n' >"$dir/wrong.conf"
	run "$program" --config "$dir/wrong.conf" --listen "$dir/x.sock"
	[ "$status" = 1 ]
	[[ "$output" == *"$dir/wrong.conf:2"*"$dir/wrong.conf:3"* ]]
	printf '[auth]\nkey-file = %s/none.key\n' "$dir" >"$dir/wrong.conf"
	run "$program" --config "$dir/wrong.conf" --listen "$dir/x.sock"
	[ "$status" = 1 ]
	[[ "$output" == *"$dir/none.key"* ]]
	[ ! -e "$dir/x.sock" ]
	run "$program" --listen "$dir/no/such/directory"
	[ "$status" = 1 ]
	run "$program" --listen "$dir/api.sock" # in use
	[ "$status" = 1 ]
	[ -S "$dir/api.sock" ]
	for address in example.org:80 0 65536 ::1:80 ''; do
		run "$program" --listen "$address"
		[ "$status" = 2 ]
	done
	for options in --nonsense '--workers 0' '--workers x' '--workers 513' '--log-level loud' operand; do
		# shellcheck disable=SC2086 # an option and its value
		run "$program" $options
		[ "$status" = 2 ]
	done
	run "$program" </dev/null
	[ "$status" = 2 ]
	[[ "$output" == *--listen* ]]
}

@test "--help and --version" {
	run --separate-stderr "$program" --help
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	for option in --config --listen --workers --log-level; do
		[[ "$output" == *"$option"* ]]
	done
	[ "$(awk 'length > 80' <<<"$output")" = '' ]
	run "$program" --version
	[ "$status" = 0 ]
}
