#!/usr/bin/env bats
# Each sample of conf/ for a web server, as it is shipped, before the programs: what passes
# through it, and what a reload does to clients. All that REST promises can be put through one,
# too; webserver.bash says how.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
load common
load webserver
load push/drive

teardown() {
	end_tests
}

# rest_passes NAME: through the web server with this sample
rest_passes() {
	need_web_server "$1"
	begin_behind "$1"
	requests_pass
	names_pass
	batches_pass
	errors_of_the_store_pass
	spawned_programs_are_admitted
}

# Its own programs are all there is where the web server starts them
begin_behind() { # NAME
	export WEB_SERVER=$1
	begin_tests
	set_config auth cookie session
	set_config push ping-interval 1
	set_config push max-connections-per-user 10
	start_stored
	[[ $1 == *-cgi || $1 == *-fcgid ]] || start_api
	start_pushd
	start_lighttpd
	TOKEN=$(make_token alice)
}

requests_pass() {
	local id etag key='Idempotency-Key: a+b/1'
	local note='{"userId":"alice","type":"info","title":"T","message":"M"}'

	id=$(create alice)
	api GET '/?limit=1&type=info'
	expect_status 200
	expect '.total == 1 and .notifications[0].id == $id' --arg id "$id"
	api GET '' '' -H 'Accept-Encoding: gzip'
	expect '.total == 1'
	etag=$(header ETag)
	api GET '' '' -H 'Accept-Encoding: gzip' -H "If-None-Match: $etag"
	expect_status 304
	api HEAD /
	expect_status 200
	[ "$(header ETag)" = "$etag" ]
	api PATCH "/$id/read"
	expect '.notification.read and .unreadCount == 0'
	api DELETE '/?read=true'
	expect_status 200
	expect '.count == 1'
	as_publisher POST / "$note" -H "$key"
	expect_status 201
	[ "$(header Location)" = "/api/notifications/$(jq -r .notification.id <<<"$body")" ]
	as_publisher POST / "$note" -H "$key"
	expect_status 201
	[ "$(header Idempotent-Replayed)" = true ]
	api GET /nothing
	expect_error 404 not_found
	api PUT /
	expect_error 405 method_not_allowed
	api POST / "$note"
	expect_error 403 forbidden
	TOKEN='' api GET /
	expect_error 401 token_missing
	[ "$(header WWW-Authenticate)" = 'Bearer realm="tidings"' ]
	TOKEN='' api OPTIONS "/$id/read" '' -H "Origin: $site" -H 'Access-Control-Request-Method: PATCH'
	expect_status 204
	[ "$(header Access-Control-Allow-Origin)" = "$site" ] # the server says what host was asked for
	[ "$(header Allow)" = 'PATCH, OPTIONS' ]
	api GET /healthz
	expect_status 200
}

# In paths, with what a web server may take for something else
names_pass() {
	local name='a/b +ü%' path=/users/a%2Fb%20+%C3%BC%25 id

	id=$(create "$name")
	as_publisher DELETE "$path/notifications/$id"
	expect_status 200
	create "$name" >/dev/null
	TOKEN=$(make_token admin admin) api DELETE "$path"
	expect_status 200
	TOKEN=$(make_token "$name") api GET /
	expect '.total == 0'
}

# As large as they may be, and one byte larger
batches_pass() {
	jq -cn '{notifications: [range(1000) | {userId: "bob", type: "info", title: "T", message: "M",
		data: {x: ("x" * 4050)}}]}' >"$dir/batch"
	printf '%*s' $((4194304 - $(wc -c <"$dir/batch"))) '' >>"$dir/batch"
	as_publisher POST /batch "@$dir/batch"
	expect_status 201
	expect '.count == 1000'
	echo >>"$dir/batch"
	as_publisher POST /batch "@$dir/batch"
	expect_error 413 too_large
}

errors_of_the_store_pass() {
	stop_program stored
	api GET /
	expect_error 503 unavailable
	[ "$(header Retry-After)" -ge 1 ]
	start_stored
	api GET /
	expect_status 200
}

# The user of programs that the web server starts may do what they do, and no more. Without
# root that user is the store's own.
spawned_programs_are_admitted() {
	local -a as_web_user

	[[ $WEB_SERVER == *-cgi || $WEB_SERVER == *-fcgid ]] || return 0
	[ "$(id -u)" = 0 ] || return 0
	cp "$top_builddir/cli/tidings" "$dir/bin"
	as_web_user=(setpriv --reuid="$(web_user)" --regid="$(id -g "$(web_user)")" --clear-groups)
	"${as_web_user[@]}" "$dir/bin/tidings" count alice
	refute "${as_web_user[@]}" "$dir/bin/tidings" export
}

sockets_pass() {
	TOKEN=nothing api GET /ws '' -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
	expect_error 401 token_malformed
	scenario webserver sockets
	scenario stream through_a_web_server
	scenario webserver many
	scenario webserver browser
	sockets=$(sockets_at_reload) scenario webserver reload
	push_daemon_comes_back
}

# Nobody is turned away for long because it was not there a moment ago
push_daemon_comes_back() {
	local tries

	stop_program pushd
	api GET /stream
	[[ $status = 50[234] ]]
	start_pushd
	for ((tries = 0; tries < 100; tries++)); do
		TOKEN='' api GET /stream
		[[ $status = 50[234] ]] || break
		sleep 0.05
	done
	expect_error 401 token_missing
	scenario webserver sockets
}

@test "lighttpd" {
	rest_passes lighttpd
	sockets_pass
}

@test "lighttpd, plain CGI" {
	rest_passes lighttpd-cgi
	scenario webserver sockets
}

@test "nginx" {
	rest_passes nginx
	sockets_pass
}

@test "Apache httpd, mod_proxy_fcgi" {
	rest_passes apache-proxy
	sockets_pass
}

@test "Apache httpd, mod_fcgid" {
	rest_passes apache-fcgid
	scenario webserver sockets
}

@test "nginx before Apache httpd, which has 25 workers" {
	rest_passes nginx-before-apache
	scenario webserver sockets
	scenario webserver many
}

# push_part SAMPLE: what it says of sockets and streams
push_part() {
	grep -v '^[[:space:]]*#' "$top_srcdir/conf/$1.conf.in" | sed -n -e '/(ws|stream)/,/^} else/p' \
		-e '/push\.sock|/p' -e '/\/\(ws\|stream\) {/,/^}/p' | grep .
}

@test "samples for the same server pass sockets in the same way" {
	diff <(push_part lighttpd) <(push_part lighttpd-cgi)
	diff <(push_part apache-proxy) <(push_part apache-fcgid)
	diff <(push_part nginx) <(push_part nginx-before-apache)
	for sample in lighttpd apache-proxy nginx; do
		push_part "$sample" >/dev/null
	done
}

@test "every sample is in the table, and gives up on nobody who has a heartbeat of 30 seconds" {
	local sample name seconds

	for sample in "$top_srcdir"/conf/{apache,lighttpd,nginx}*.conf.in; do
		name=$(basename "$sample" .conf.in)
		[ "$name" != lighttpd-quickstart ] || continue # which is no sample
		server_of "$name"
		seconds=$(grep -v '^[[:space:]]*#' "$sample" |
			grep -oE '(timeout=|read-timeout" => |max-read-idle = |_(read|send)_timeout )[0-9]+' |
			grep -oE '[0-9]+$' | sort -n | head -n 1)
		[ "$seconds" -ge 60 ]
	done
}
