# What the tests of the running programs share. Load it at the top of a .bats file:
#
#	load common
#
#	setup_file() { begin_tests; start_stored; start_api; start_lighttpd; }
#	teardown_file() { end_tests; }
#
#	@test "something" {
#		TOKEN=$(make_token alice)
#		api GET /unread-count
#		expect_status 200
#		expect '.unreadCount == 0'
#	}
#
# Everything a test file starts lives below one directory, $dir, listens on unix
# sockets there (and lighttpd on a free port), and ends with the file, or with the
# test if begin_tests and end_tests stand in setup and teardown. Starting a program
# returns when the program says that it is ready.

: "${top_srcdir:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${top_builddir:=$top_srcdir}"
# shellcheck source=tests/system/webserver.bash
[ -z "${WEB_SERVER-}" ] || source "$top_srcdir/tests/system/webserver.bash"
supervise=$top_builddir/tests/system/supervise
mint=$top_builddir/tests/system/mint

# Makes the directory and a configuration that suits it.
begin_tests() {
	[ -x "$supervise" ] || { echo "set top_builddir to a build with \"make check\" done" >&2; return 1; }
	unset TOKEN http_proxy all_proxy HTTP_PROXY ALL_PROXY
	dir=$(mktemp -d "${TMPDIR:-/tmp}/tidings-test.XXXXXX")
	mkdir "$dir/home" "$dir/pids" "$dir/config" "$dir/www"
	key_file=$dir/jwt.key
	echo 'a secret for tests, of 32 bytes or more' >"$key_file"
	chmod 600 "$key_file"
	export dir key_file TIDINGS_CONFIG=$dir/tidings.conf
	export TEST_OWNER=$BASHPID
	set_config store socket "$dir/store.sock"
	set_config store home "$dir/home"
	set_config store durability write
	set_config store disk-reserve 1M
	set_config store api-users ""
	set_config auth key-file "$key_file"
	set_config auth publisher-keys "$dir/publishers"
	set_config push listen "$dir/push.sock"
	set_config push control "$dir/push-control.sock"
	publisher_token=$(make_token publisher service)
	export publisher_token
	[ -z "${WEB_SERVER-}" ] || admit_web_server
}

# record_traffic: from now on what clients and programs say to each other is kept, in the
# directory that $traffic names, for tests/contract to compare with doc/. A file has it that is
# called as the tests: .requests, of api, see record_request; and .messages, see push/record.mjs.
record_traffic() {
	[ -n "${traffic-}" ] || return 0
	mkdir -p "$traffic"
	recording=$traffic/$(basename "$BATS_TEST_FILENAME" .bats)
	export recording
	[ ! -e "$BATS_FILE_TMPDIR/recorded" ] || return 0 # by an earlier test of the same file
	touch "$BATS_FILE_TMPDIR/recorded"
	rm -f "$recording".*
}

# Ends what was started. Fails if a program had to be killed or a sanitizer reported.
end_tests() {
	local result=0 name

	[ -n "${dir-}" ] || return 0
	for name in lighttpd api pushd stored; do
		stop_program "$name" || result=1
	done
	for name in "$dir"/pids/*; do
		[ ! -e "$name" ] || stop_program "${name##*/}" || result=1
	done
	if grep -lE 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$dir"/*.log; then
		result=1
	fi
	[ "$result" = 0 ] || show_logs >&2
	[ -n "${KEEP_TEST_FILES-}" ] || rm -rf "$dir"
	return "$result"
}

show_logs() {
	local log

	for log in "$dir"/*.log; do
		[ ! -s "$log" ] || { echo "--- ${log##*/}"; tail -n 40 "$log"; }
	done
}

# set_config SECTION KEY VALUE: what later starts, and reloads, read
set_config() {
	local section key

	mkdir -p "$dir/config/$1"
	printf '%s\n' "$3" >"$dir/config/$1/$2"
	for section in "$dir"/config/*; do
		echo "[${section##*/}]"
		for key in "$section"/*; do
			echo "${key##*/} = $(cat "$key")"
		done
	done >"$TIDINGS_CONFIG"
}

# start_program NAME PROGRAM [ARGUMENT...]: in the background, until it is ready.
# Its output is in $dir/NAME.log, its process id in $dir/pids/NAME.
start_program() {
	launch "$1" run "${@:2}"
}

# activate_program NAME ADDRESS PROGRAM [ARGUMENT...]: with a socket, as by systemd, at
# a /PATH or, for "port", a free port. Leaves that in $port. Several have commas between them,
# and NAME=ADDRESS has a name.
activate_program() {
	launch "$1" activate "$2" "${@:3}"
}

launch() {
	local name=$1 verb=$2 state
	local fifo=$dir/$name.fifo
	local -a address=()

	shift 2
	if [ "$verb" = activate ]; then
		address=("$1")
		shift
	fi
	mkfifo "$fifo"
	"$supervise" "$verb" "${address[@]}" "$fifo" "$@" </dev/null >>"$dir/$name.log" 2>&1 3>&- &
	echo $! >"$dir/pids/$name"
	read -r state port <"$fifo"
	rm "$fifo"
	[ "$state" = ready ] && return
	rm "$dir/pids/$name"
	echo "$name did not start:" >&2
	tail -n 20 "$dir/$name.log" >&2
	return 1
}

# stop_program NAME: by SIGTERM; one that was not started is no error
stop_program() {
	local pid

	[ -e "$dir/pids/$1" ] || return 0
	pid=$(cat "$dir/pids/$1")
	rm "$dir/pids/$1"
	"$supervise" stop 15 "$pid"
}

# kill_program NAME: by SIGKILL, and gone when this returns
kill_program() {
	local pid

	pid=$(cat "$dir/pids/$1")
	rm "$dir/pids/$1"
	kill -KILL "$pid"
	"$supervise" stop 15 "$pid"
}

# need COMMAND PACKAGE
need() {
	! command -v "$1" >/dev/null || return 0
	[ "${CI-}" != true ] || fail_with "$1 is not installed"
	skip "$1 is not installed (on Debian: apt-get install $2)"
}

# in_background NAME COMMAND...: its process id goes where stop_program finds it, and what it
# prints can be read from $feed
in_background() {
	local fifo=$dir/$1.fifo

	rm -f "$fifo"
	mkfifo "$fifo"
	setpriv --pdeathsig KILL "${@:2}" </dev/null >"$fifo" 2>>"$dir/$1.log" 3>&- &
	echo $! >"$dir/pids/$1"
	exec {feed}<"$fifo"
}

# serve NAME COMMAND...: in the background, a server that prints its port; that goes to $port
serve() {
	in_background "$@"
	read -rt 60 port <&"$feed" || fail_with "$1 does not start: $(cat "$dir/$1.log")"
}

start_stored() {
	start_program stored "$top_builddir/stored/tidings-stored" --config "$TIDINGS_CONFIG" "$@"
}

start_pushd() {
	start_program pushd "$top_builddir/pushd/tidings-pushd" --config "$TIDINGS_CONFIG" "$@"
}

# notifications.fcgi at $dir/api.sock
start_api() {
	start_program api "$top_builddir/cgi/notifications.fcgi" --config "$TIDINGS_CONFIG" \
		--listen "$dir/api.sock" "$@"
}

# status.fcgi at $dir/status.sock
start_status() {
	start_program status "$top_builddir/cgi/status.fcgi" --config "$TIDINGS_CONFIG" \
		--listen "$dir/status.sock" "$@"
}

# start_lighttpd [CONFIGURATION]: REST by $dir/api.sock, the rest of the base by pushd's
# socket, files from $dir/www; or by a configuration of one's own, which is put behind
# the common part. Sets and exports $site and $url (the base).
start_lighttpd() {
	local rest=${1-}

	if [ -z "$rest" ] && [ -n "${WEB_SERVER-}" ]; then
		start_web_server
		return
	fi
	[ -n "$rest" ] || rest="
		\$HTTP[\"url\"] =~ \"^/api/notifications/(ws|stream)\$\" {
			proxy.server = (\"\" => ((\"host\" => \"$dir/push.sock\")))
			proxy.header = (\"upgrade\" => \"enable\")
			server.stream-response-body = 2
		} else \$HTTP[\"url\"] =~ \"^/api/notifications(/|\$)\" {
			fastcgi.server = (\"/api/notifications\" => ((
				\"socket\" => \"$dir/api.sock\",
				\"check-local\" => \"disable\")))
		} else \$HTTP[\"url\"] =~ \"^/tidings-status(/|\$)\" {
			fastcgi.server = (\"/tidings-status\" => ((
				\"socket\" => \"$dir/status.sock\",
				\"check-local\" => \"disable\")))
		}"
	cat >"$dir/lighttpd.conf" <<-CONFIGURATION
		server.modules = ("mod_fastcgi", "mod_cgi", "mod_proxy", "mod_alias", "mod_setenv")
		server.systemd-socket-activation = "enable"
		server.document-root = "$dir/www"
		server.errorlog = "$dir/lighttpd-errors.log"
		server.max-connections = 2000
		$rest
	CONFIGURATION
	activate_program lighttpd port "$(command -v lighttpd || echo /usr/sbin/lighttpd)" \
		-D -f "$dir/lighttpd.conf" || return
	export site=http://127.0.0.1:$port
	export url=$site/api/notifications
}

# make_token USER [ROLE [SECONDS]]: prints one that is valid for an hour, or so long
make_token() {
	local claims

	claims=$(jq -cn --arg user "$1" --arg role "${2-}" --argjson seconds "${3-3600}" \
		'{sub: $user, iat: (now | floor), exp: ((now | floor) + $seconds)}
		+ if $role == "" then {} else {role: $role} end')
	mint_token '{"alg":"HS256","typ":"JWT"}' "$claims"
}

# mint_token HEADER PAYLOAD [KEY-FILE]: prints a token of these JSON texts, whatever they say
mint_token() {
	"$mint" "${3-$key_file}" "$1" "$2"
}

# api METHOD PATH [JSON [CURL-OPTION...]]: one request below $url, with $TOKEN if that is
# set; JSON "" sends no body, @FILE that file. Sets $status, $body and, for header, $headers.
api() {
	local -a options=(-sS -X "$1" -o "$dir/body" -D "$dir/headers" -w '%{http_code}')

	: >"$dir/body"
	[ "$1" != HEAD ] || options+=(-I)
	[ -z "${TOKEN-}" ] || options+=(-H "Authorization: Bearer $TOKEN")
	if [ -n "${3-}" ]; then
		options+=(--data-binary "$3")
		[[ "${*:4}" == *Content-Type:* ]] || options+=(-H 'Content-Type: application/json')
	elif [ "$1" = POST ]; then
		options+=(--data '' -H 'Content-Type:') # lighttpd wants the length of nothing, too
	fi
	status=$(curl "${options[@]}" "${@:4}" "$url$2") || return
	body=$(tr -d '\0' <"$dir/body")
	headers=$(tr -d '\r' <"$dir/headers")
	[ -z "${recording-}" ] || record_request "$@"
}

# Method, path, what was sent unless it was refused, and the answer's status, headers and body,
# each with a NUL behind it
record_request() {
	local sent=${3-}

	[[ $status = 2* ]] || sent=
	[[ $sent != @* ]] || sent=$(cat "${sent#@}")
	printf '%s\0' "$1" "$2" "$sent" "$status" "$headers" "$body" >>"$recording.requests"
}

# header NAME: prints the last answer's header field; fails if there is none
header() {
	grep -i "^$1:" <<<"$headers" | sed 's/^[^:]*: *//' | grep .
}

# expect_status CODE: of the last answer
expect_status() {
	[ "$status" = "$1" ] || fail_with "status is $status, not $1"
}

# expect FILTER [JQ-OPTION...]: jq finds it true of the last answer's body
expect() {
	jq -e "${@:2}" "$1" >/dev/null 2>&1 <<<"$body" || fail_with "not so: $1"
}

# expect_error CODE WORD: the last answer is the contract's error with this code
# shellcheck disable=SC2016 # the variable is jq's
expect_error() {
	expect_status "$1" || return
	expect '.code == $code and (.error | type == "string" and length > 0)' --arg code "$2" || return
	[ "$(header Content-Type)" = application/json ] || fail_with "an error that is not JSON"
}

# refute COMMAND...: fails if it succeeds (what `!` does not, for bats)
refute() {
	! "$@" || fail_with "unexpected: $*"
}

fail_with() {
	printf '%s\nbody: %s\nheaders: %s\n' "$1" "${body-}" "${headers-}" >&2
	return 1
}

# as_publisher METHOD PATH [JSON [CURL-OPTION...]]: like api
as_publisher() {
	local TOKEN=$publisher_token

	api "$@"
}

# create USER [TITLE [MEMBERS]]: as a publisher; prints the id
create() {
	local status body headers

	as_publisher POST / "{\"userId\":\"$1\",\"type\":\"info\",\"title\":\"${2-Title}\",\"message\":\"Message\"${3:+,$3}}"
	expect_status 201 || return
	jq -r .notification.id <<<"$body"
}

# shown PAGE [PATTERN]: the literal blocks and lines of it that match, without the prompts
shown() {
	sed 's/\\e/\\/g; s/\\(dq/"/g; s/^\\&//' "$top_builddir/man/$1" | awk -v pattern="${2-}" '
		/^\.Dl / { block = substr($0, 5) "\n"; whole = 1 }
		/^\.Bd -literal/ { inside = 1; block = ""; next }
		/^\.Ed/ { whole = inside; inside = 0 }
		inside { block = block $0 "\n" }
		whole && block ~ pattern {
			if (block ~ /^[$#] /) {
				gsub(/\n[$#] /, "\n", block)
				block = substr(block, 3)
			}
			printf "%s", block
		}
		{ whole = 0 }'
}
