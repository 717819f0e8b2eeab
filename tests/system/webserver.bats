#!/usr/bin/env bats
# Each sample of conf/ for a web server, as it is shipped, before the programs: all that REST
# promises, sockets and streams, a browser, 200 clients at a time, a reload; and what the doctor
# says of it, as it is and with a fault.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
load common
load webserver
load push/drive

teardown() {
	end_tests
}

# all_passes NAME: through the web server with this sample
all_passes() {
	need_web_server "$1"
	begin_behind "$1"
	scenario contract rest
	server=$(server_of "$1") scenario contract malformed
	doctor_finds_nothing
	spawned_programs_are_admitted
	status_passes
	scenario webserver sockets
	scenario stream through_a_web_server
	scenario webserver many
	scenario webserver browser
	sockets=$(sockets_at_reload) scenario webserver reload
	push_daemon_comes_back
}

# Its own programs are all there is where the web server starts them
begin_behind() { # NAME
	export WEB_SERVER=$1
	begin_tests
	set_config auth cookie session
	publisher_key=$("$top_builddir/cli/tidings" key add contract)
	export publisher_key
	set_config push ping-interval 1
	set_config push max-connections 400
	set_config push max-connections-per-user 10
	start_stored
	[[ $1 == *-cgi || $1 == *-fcgid ]] || { start_api; start_status; }
	start_pushd
	start_lighttpd
	TOKEN=$(make_token alice)
}

# What the doctor says by way of this web server, into $dir/findings
diagnose() {
	"$top_builddir/cli/tidings" doctor --json --url "$url" --web-config "$dir/webserver-server.conf" \
		>"$dir/findings" || true
}

# found CHECK RESULT [TEXT [REMEDY]]: one that bears these words
found() {
	jq -e --arg check "$1" --arg result "$2" --arg text "${3-}" --arg remedy "${4-}" \
		'.findings | any(.check == $check and .result == $result and
			(.finding | contains($text)) and (.remedy // "" | contains($remedy)))' \
		"$dir/findings" >/dev/null || { echo "not found: $*" && cat "$dir/findings" && return 1; }
}

doctor_finds_nothing() {
	local check

	diagnose
	for check in 'web server' authorization websocket stream connections; do
		found "$check" ok
	done
}

# with_reserve SIZE: the store again, which leaves so much of its disk free
with_reserve() {
	stop_program stored
	set_config store disk-reserve "$1"
	start_stored
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

# With what belongs to it, for those at this machine; behind another proxy for nobody else
status_passes() {
	local url=$site/tidings-status TOKEN=''

	api GET ''
	expect_status 200
	[[ $body == *"href=\"/tidings-status/status.css\""* ]]
	[ "$(header Content-Type)" = 'text/html; charset=utf-8' ]
	api GET '?format=json'
	expect '.push.connections and .store.size'
	api GET /metrics
	grep -x 'tidings_up{part="store"} 1' <<<"$body"
	api GET /status.js
	[ "$(header Content-Type)" = 'text/javascript; charset=utf-8' ]
	api GET '' '' -H 'X-Forwarded-For: 192.0.2.1'
	expect_error 403 forbidden
	api GET /nothing
	expect_error 404 not_found
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
	all_passes lighttpd
}

@test "lighttpd, plain CGI" {
	all_passes lighttpd-cgi
}

@test "nginx" {
	all_passes nginx
}

@test "Apache httpd, mod_proxy_fcgi" {
	all_passes apache-proxy
}

@test "Apache httpd, mod_fcgid" {
	all_passes apache-fcgid
}

@test "nginx before Apache httpd, which has 25 workers" {
	all_passes nginx-before-apache
}

# faulty NAME SED CHECK RESULT TEXT REMEDY: the web server with a fault in its configuration, and
# what the doctor says of it. A remedy that is a setting stands so in the sample.
faulty() {
	export WEB_SERVER=$1
	fault=$2 start_web_server
	diagnose
	stop_program webserver
	found "${@:3}"
}

@test "the doctor finds what is wrong with nginx" {
	need_web_server nginx
	begin_behind nginx
	stop_program webserver
	faulty nginx '/location \^~/a fastcgi_param HTTP_AUTHORIZATION "";' \
		authorization failure 'drops the header' 'nginx: no fastcgi_param HTTP_AUTHORIZATION'
	faulty nginx '/\(Upgrade\|Connection upgrade\)/d' \
		websocket failure 'drops the header Upgrade' "nginx: $(setting nginx 'proxy_http_version 1.1;' \
		'proxy_set_header Upgrade $http_upgrade;' 'proxy_set_header Connection upgrade;')"
	faulty nginx 's/proxy_buffering off/proxy_buffering on; proxy_ignore_headers X-Accel-Buffering/' \
		stream failure 'no answer has come' "nginx: $(setting nginx 'proxy_buffering off;' 'gzip off;')"
	faulty nginx 's/worker_connections .*;/worker_connections 300;/' \
		connections warning 'nginx: worker_connections is 300' 'lower max-connections'
}

@test "the doctor finds what is wrong with Apache httpd" {
	need_web_server apache-proxy
	begin_behind apache-proxy
	stop_program webserver
	faulty apache-proxy '/CGIPassAuth/d' \
		authorization failure 'drops the header' "Apache: $(setting apache-proxy 'CGIPassAuth On')"
	faulty apache-proxy 's/upgrade=websocket//' \
		websocket failure 'drops the header Upgrade' "Apache: $(setting apache-proxy upgrade=websocket)"
	faulty apache-proxy 's/^MaxRequestWorkers .*/MaxRequestWorkers 150/' \
		connections warning 'Apache: MaxRequestWorkers is 150' 'lower max-connections'
}

# setting SAMPLE TEXT...: these, with commas between and without the ends of lines, as the doctor
# names them
setting() {
	local text all=

	for text in "${@:2}"; do
		grep -qF -- "$text" "$top_srcdir/conf/$1.conf.in" || return
		all+=", ${text%;}"
	done
	echo "${all#, }"
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
