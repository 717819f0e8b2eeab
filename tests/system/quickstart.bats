# ./quickstart with what was built here: everything up, started again when it
# dies, and gone at the end.
bats_require_minimum_version 1.5.0
load common

quickstart=$top_srcdir/quickstart

setup_file() {
	unset http_proxy all_proxy HTTP_PROXY ALL_PROXY TIDINGS_CONFIG
	export top_builddir
	export dir=$BATS_FILE_TMPDIR/d said=$BATS_FILE_TMPDIR/said
	export port
	port=$(free_port)
	mkfifo "$said"
}

# Whatever a failed test has left
teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/pid" ] || end_quickstart
}

free_port() {
	node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
		console.log(s.address().port); s.close(); })'
}

# Starts it; what it says waits in the pipe $said, which it holds open itself. A shell's
# background programs would not hear SIGINT.
start_quickstart() {
	env --default-signal=INT "$quickstart" --port "$port" --dir "$dir" \
		</dev/null 1<>"$said" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
}

# Reads what it says up to a line that matches, and leaves that in $line.
await_line() { # PATTERN
	local end=$((SECONDS + 60))

	[ -n "${heard-}" ] || exec {heard}<>"$said"
	while [ "$SECONDS" -lt "$end" ] && IFS= read -rt 60 -u "$heard" line; do
		echo "said: $line"
		[[ ! $line =~ $1 ]] || return 0
	done
	return 1
}

demo() { # JQ-FILTER
	jq -r "$1" "$dir/demo.json"
}

# Ends it by SIGTERM; fails if that takes 15 seconds.
end_quickstart() {
	"$supervise" stop 15 "$(cat "$BATS_FILE_TMPDIR/pid")"
	rm "$BATS_FILE_TMPDIR/pid"
}

# The command lines of what runs for our directory, but for quickstart itself
running() {
	local file line

	for file in /proc/[0-9]*/cmdline; do
		{ line=$(tr '\0' ' ' <"$file") || continue; } 2>/dev/null
		case $line in
		*quickstart*) ;;
		*"$dir/"*) echo "$line" ;;
		esac
	done
}

# Opens a socket of user1 and leaves in $frames the descriptor of what it brings.
watch_socket() { # URL
	local line

	exec {frames}< <(node "$top_srcdir/tests/system/ws-frames.mjs" "$1" "$(demo .tokens.user1)" \
		<"$BATS_FILE_TMPDIR/watching" 3>&-)
	next_frame
	[ "$(jq -r .type <<<"$frame")" = connected ]
	next_frame
	[ "$(jq -r .type <<<"$frame")" = unread_count ]
}

next_frame() {
	read -rt 20 -u "$frames" frame
	echo "frame: $frame"
}

# Whether the socket brings this title next
expect_title() { # TITLE
	next_frame
	[ "$(jq -r '.type + " " + .notification.title' <<<"$frame")" = "new_notification $1" ]
}

# The sockets that a test watches end with it: nobody writes to the pipe any more.
setup() {
	[ -p "$BATS_FILE_TMPDIR/watching" ] || mkfifo "$BATS_FILE_TMPDIR/watching"
	# shellcheck disable=SC2034
	exec {watching}<>"$BATS_FILE_TMPDIR/watching"
}

send() { # TITLE
	curl -sS --fail-with-body "$(demo .url)/api/notifications/" \
		-H "Authorization: Bearer $(demo .tokens.admin)" -H 'Content-Type: application/json' \
		-d "{\"userId\":\"user1\",\"type\":\"info\",\"title\":\"$1\",\"message\":\"m\"}"
}

@test "it says where it runs, and demo.json says the same" {
	start_quickstart
	await_line "^tidings is running at http://localhost:$port/$"
	[ "$(demo 'keys | join(" ")')" = "configFile pids pushUrl tokens url wsUrl" ]
	[ "$(demo '.tokens | keys | join(" ")')" = "admin user1 user2" ]
	[ "$(demo '.pids | keys | join(" ")')" = "pushd stored webserver" ]
	[ "$(demo .url)" = "http://localhost:$port" ]
	[ "$(demo .wsUrl)" = "ws://localhost:$port/api/notifications/ws" ]
	[[ "$(demo .pushUrl)" =~ ^ws://127\.0\.0\.1:[0-9]+/api/notifications/ws$ ]]
	[ "$(demo .configFile)" = "$dir/tidings.conf" ]
	for program in stored pushd webserver; do
		[[ "$(tr '\0' ' ' <"/proc/$(demo ".pids.$program")/cmdline")" == *"$dir/"*.conf* ]]
	done
	for user in user1 user2 admin; do
		await_line "^  $user  "
		[ "$line" = "  $user  $(demo ".tokens.$user")" ]
	done
	await_line '^  curl '
	echo "${line#  }" >"$BATS_FILE_TMPDIR/curl"
}

@test "the secrets are nobody else's" {
	for file in jwt.key demo.json tidings.conf site/config.json; do
		[ "$(stat -c %a "$dir/$file")" = 600 ]
	done
	[ "$(wc -c <"$dir/jwt.key")" -ge 48 ]
}

@test "the page is served with what it needs" {
	run -0 curl -sSL --fail-with-body "$(demo .url)"
	[[ $output == *"demo.js"* ]]
	for file in demo/demo.js demo/demo.css tidings-client.js; do
		curl -sS --fail-with-body "$(demo .url)/$file" | cmp - "$top_builddir/web/dist/$file"
	done
	[[ $(curl -sSI "$(demo .url)/tidings-bell.js") == *"text/javascript"* ]]
	run -0 curl -sS --fail-with-body "$(demo .url)/demo/config.json"
	[ "$(jq -c '[.base, .users[].id]' <<<"$output")" = '["/api/notifications","user1","user2"]' ]
	[ "$(jq -r '.users[1].token' <<<"$output")" = "$(demo .tokens.user2)" ]
	[ "$(jq -r '.publisherToken | length > 0' <<<"$output")" = true ]
}

@test "the curl line rings, through the web server and straight from tidings-pushd" {
	watch_socket "$(demo .wsUrl)"
	through=$frames
	watch_socket "$(demo .pushUrl)"
	run -0 bash "$BATS_FILE_TMPDIR/curl"
	[[ $output == *'"title":"Hello"'* ]]
	expect_title Hello
	frames=$through
	expect_title Hello
}

@test "a stream of events comes through the web server, and at once" {
	exec {frames}< <(curl -sSN "$(demo .url)/api/notifications/stream" \
		-H "Authorization: Bearer $(demo .tokens.user2)" 3>&-)
	curl_pid=$!
	frame=''
	until [ "$frame" = 'event: unread_count' ]; do
		next_frame
	done
	kill "$curl_pid"
}

@test "a second run on the directory, or the port, is refused and disturbs nothing" {
	before=$(running)
	run -1 --separate-stderr "$quickstart" --port "$(free_port)" --dir "$dir"
	[[ $stderr == *"$dir is in use by process $(cat "$BATS_FILE_TMPDIR/pid")"* ]]
	run -1 --separate-stderr "$quickstart" --port "$port" --dir "$BATS_TEST_TMPDIR/other"
	[[ $stderr == *"port $port is in use"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/other/demo.json" ]
	[ "$before" = "$(running)" ]
}

@test "what is killed is started again" {
	for program in stored pushd webserver; do
		before=$(demo ".pids.$program")
		kill -KILL "$before"
		await_line "$program has ended \(status 137\) and is started again"
		[ "$(demo ".pids.$program")" != "$before" ]
		kill -0 "$(demo ".pids.$program")"
		watch_socket "$(demo .wsUrl)"
		send "After $program"
		expect_title "After $program"
	done
	watch_socket "$(demo .pushUrl)"
	[ "$(jq .unreadCount <<<"$frame")" = 4 ]
}

@test "SIGTERM ends all of it" {
	[ "$(running | wc -l)" -ge 4 ]
	end_quickstart
	[ -z "$(running)" ]
	[ ! -e "$dir/demo.json" ]
}

@test "the next run finds key and notifications, and SIGINT ends it as well" {
	start_quickstart
	await_line '^  curl '
	run -0 bash "$BATS_FILE_TMPDIR/curl" # the token of the run before
	watch_socket "$(demo .wsUrl)"
	[ "$(jq .unreadCount <<<"$frame")" = 5 ]
	pid=$(cat "$BATS_FILE_TMPDIR/pid")
	kill -INT "$pid"
	timeout 15 tail -f --pid="$pid" /dev/null
	rm "$BATS_FILE_TMPDIR/pid"
	[ -z "$(running)" ]
}

@test "a program that cannot be kept running ends all of it" {
	start_quickstart
	await_line '^  curl '
	echo 'nonsense' >>"$dir/tidings.conf"
	kill -KILL "$(demo .pids.stored)"
	await_line 'stored does not run; all it said is in .*/log/stored.log'
	timeout 15 tail -f --pid="$(cat "$BATS_FILE_TMPDIR/pid")" /dev/null # it ends by itself
	rm "$BATS_FILE_TMPDIR/pid"
	[ -z "$(running)" ]
	[ ! -e "$dir/demo.json" ]
}

@test "wrong usage is told with status 2, and --help is not wrong" {
	for wrong in --port "--port 0" "--port 65536" "--port x" --no-such "--dir a,b" sideways; do
		run -2 --separate-stderr "$quickstart" $wrong
		[[ $stderr == "quickstart: "*"Try: quickstart --help" ]]
	done
	run -0 --separate-stderr "$quickstart" --help
	[[ $output == "Usage: quickstart "* ]]
}
