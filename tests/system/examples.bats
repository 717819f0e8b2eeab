#!/usr/bin/env bats
# examples/, as they stand: each one is run against REST through lighttpd.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load common

examples=$top_srcdir/examples
outbox=$examples/outbox
helpers=$BATS_TEST_DIRNAME/examples

setup_file() {
	begin_tests
	export PYTHONDONTWRITEBYTECODE=1
	mkdir "$dir/keys"
	echo 'another secret, that is long enough, too' >"$dir/keys/second"
	set_config auth leeway 0
	set_config auth keys-dir "$dir/keys"
	start_stored
	start_pushd
	start_api
	start_site
	TIDINGS_TOKEN=$("$top_builddir/cli/tidings" key add examples)
	export TIDINGS_URL=$url TIDINGS_TOKEN TIDINGS_KEY_FILE=$key_file
}

teardown_file() {
	end_tests
}

setup() {
	user=user-$BATS_TEST_NUMBER
	TOKEN=$(make_token "$user")
}

teardown() {
	stop_program browser
	stop_program site
	stop_program front
	stop_program relay
}

# The policy that tidings-integration(7) names
policy="default-src 'self'"

# The web server, with the page and the components, for a browser that is logged in
start_site() {
	port=1
	! command -v python3 >/dev/null ||
		TIDINGS_KEY_FILE=$key_file serve sessions python3 "$helpers/sessions.py" "$examples"
	cp "$examples"/page.* "$dir/www"
	echo '<script type="module" src="/tidings/tidings-bell.js"></script>
		<tidings-bell></tidings-bell><script type="module" src="/page.js"></script>' >"$dir/www/own.html"
	start_lighttpd "
		mimetype.assign = (\".html\" => \"text/html\", \".js\" => \"text/javascript\")
		alias.url = (\"/tidings\" => \"$top_srcdir/web\")
		setenv.add-response-header = (\"Content-Security-Policy\" => \"$policy\")
		\$HTTP[\"url\"] == \"/my/token\" {
			setenv.set-request-header = (\"Cookie\" => \"session=s1\")
			proxy.server = (\"\" => ((\"host\" => \"127.0.0.1\", \"port\" => $port)))
			proxy.header = (\"map-urlpath\" => (\"/my/token\" => \"/\"))
		} else \$HTTP[\"url\"] =~ \"^/api/notifications/(ws|stream)\$\" {
			proxy.server = (\"\" => ((\"host\" => \"$dir/push.sock\")))
			proxy.header = (\"upgrade\" => \"enable\")
			server.stream-response-body = 2
		} else \$HTTP[\"url\"] =~ \"^/api/notifications(/|\$)\" {
			fastcgi.server = (\"/api/notifications\" => ((
				\"socket\" => \"$dir/api.sock\", \"check-local\" => \"disable\")))
		}"
}

# A server that cannot choose a port by itself
serve_php() {
	local tries

	for ((tries = 0; tries < 20; tries++)); do
		port=$((20000 + SRANDOM % 12000))
		mkdir -p "$dir/sessions"
		in_background site php -d session.save_path="$dir/sessions" -S "127.0.0.1:$port" -t "$dir/php"
		while kill -0 "$(cat "$dir/pids/site")" 2>/dev/null; do
			[ "$(curl -s -o "$dir/ignored" -w '%{http_code}' "http://127.0.0.1:$port/token.php")" != 401 ] ||
				return 0
		done
	done
	fail_with "php does not start: $(cat "$dir/site.log")"
}

# --- Tokens --------------------------------------------------------------------------

# ask ADDRESS [CURL-OPTION...]: sets $status, $body and $headers
ask() {
	status=$(curl -sS -o "$dir/body" -D "$dir/headers" -w '%{http_code}' "$@") || return
	body=$(cat "$dir/body")
	headers=$(tr -d '\r' <"$dir/headers")
}

# gives_token ADDRESS CURL-OPTION...: whoever is logged in, which the options show, gets a
# token as Zoë, who is not gets none. Sets $TOKEN and, in seconds, $expires.
gives_token() {
	local payload

	ask "$1"
	expect_status 401 || return
	expect '(.error | length > 0) and (has("token") | not)' || return
	[ "$(header Cache-Control)" = no-store ] || return

	ask "$@"
	expect_status 200 || return
	expect 'keys == ["expiresAt", "token"]' || return
	expect '.expiresAt | test("^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z$")' || return
	[ "$(header Cache-Control)" = no-store ] || return
	[[ $(header Content-Type) = application/json* ]] || return
	expires=$(date -d "$(jq -r .expiresAt <<<"$body")" +%s)
	TOKEN=$(jq -r .token <<<"$body")
	payload=$(cut -d. -f2 <<<"$TOKEN" | tr -- -_ +/)
	while ((${#payload} % 4)); do payload=$payload=; done
	body=$(base64 -d <<<"$payload")
	expect '.sub == "Zoë" and .exp - .iat == $life and .exp == $expires' \
		--argjson life "$TIDINGS_TOKEN_SECONDS" --argjson expires "$expires"
}

# The token is refused from the second on that it says, and not before
expires_in_time() {
	local now

	while now=$(date +%s); do
		api GET /unread-count
		[ "$status" = 200 ] || break
		[ "$now" -le $((expires + 1)) ] || fail_with "it does not expire" || return
	done
	expect_error 401 token_expired || return
	[ "$(date +%s)" -ge "$expires" ]
}

# serves_tokens SERVE ADDRESS CURL-OPTION...: what is promised of each token.*, whose server
# the function SERVE starts, and which is at the address behind its port
serves_tokens() {
	local serve=$1 address=$2

	shift 2
	export TIDINGS_TOKEN_SECONDS=900 TIDINGS_KEY_FILE=$dir/keys/second TIDINGS_KEY_ID=second
	"$serve" || return
	! declare -F log_in >/dev/null || log_in || return
	gives_token "http://127.0.0.1:$port$address" "$@" || return
	[[ $(base64 -di <<<"${TOKEN%%.*}" 2>/dev/null) = *'"second"'* ]] || return
	api GET /unread-count
	expect_status 200 || return
	stop_program site

	export TIDINGS_TOKEN_SECONDS=2 TIDINGS_KEY_FILE=$key_file
	unset TIDINGS_KEY_ID
	"$serve" || return
	gives_token "http://127.0.0.1:$port$address" "$@" || return
	expires_in_time
}

@test "token.php: for a session, and no other" {
	need php php-cli
	mkdir "$dir/php"
	cp "$examples/token.php" "$helpers/login.php" "$dir/php"
	log_in() { curl -sS -c "$dir/cookies" "http://127.0.0.1:$port/login.php"; }
	serves_tokens serve_php /token.php -b "$dir/cookies"
}

@test "token_endpoint.py: for a session, and no other" {
	need python3 python3
	serve_python() { serve site python3 "$helpers/sessions.py" "$examples"; }
	serves_tokens serve_python / -b session=s1
}

@test "token.mjs: for a session, and no other" {
	need node nodejs
	serve_node() { serve site node "$helpers/sessions.mjs" "$examples/token.mjs"; }
	serves_tokens serve_node / -b session=s1
}

# --- Pages ---------------------------------------------------------------------------

# connects PAGE: a browser that opens it has a socket of the user's
connects() {
	local tries site=${url%/api/notifications}

	HOME=$dir setpriv --pdeathsig KILL chromium --headless=new --no-sandbox --disable-gpu \
		--disable-dev-shm-usage --user-data-dir="$dir/chromium" "$site/$1" </dev/null >>"$dir/site.log" 2>&1 3>&- &
	echo $! >"$dir/pids/browser"
	for ((tries = 0; tries < 600; tries++)); do
		[ "$("$top_builddir/cli/tidings" connections --json Zoë | jq -r .kind)" != websocket ] || break
		sleep 0.05
	done
	[ "$tries" -lt 600 ] || fail_with "$1: no socket within 30 seconds"
	stop_program browser
	for ((tries = 0; tries < 600; tries++)); do
		[ -n "$("$top_builddir/cli/tidings" connections --json Zoë)" ] || return 0
		sleep 0.05
	done
	fail_with "the socket stays when the browser has ended"
}

@test "page.html and page.js: a browser connects, under the policy that the page names" {
	need chromium chromium
	need python3 python3
	connects page.html
	connects own.html
}

# --- Sending --------------------------------------------------------------------------

# sends COMMAND...: what is promised of each send.*
sends() {
	local trouble title='Bezahlt: "7 €"' message="it's <b>paid</b> \\ 日本"

	# One, and by the same key no more
	run -0 "$@" "$user" "$title" "$message" "$user-1"
	run -0 "$@" "$user" "$title" "$message" "$user-1"
	api GET /
	expect '.total == 1 and (.notifications[0] | .title == $title and .message == $message
		and .type == "info")' --arg title "$title" --arg message "$message" || return

	# Each refusal is told, and is no success
	run -1 "$@" "$user" "$title" other "$user-1"
	[[ $output = *"with another body"* ]] || fail_with "$output" || return
	TIDINGS_TOKEN=$(make_token "$user") run -1 "$@" "$user" "$title" "$message" "$user-2"
	[[ $output = *right* ]] || fail_with "$output" || return
	TIDINGS_URL=${url%/*} run -1 "$@" "$user" "$title" "$message" "$user-2"
	[[ $output = *404* ]] || fail_with "$output" || return
	run "$@" "$user"
	[[ $output = "Usage: "* ]] || fail_with "$output" || return

	# What is to be tried again is, with the same key
	for trouble in busy lost; do
		serve front node "$helpers/front.mjs" "${url%/api/notifications}" "$trouble"
		TIDINGS_URL=http://127.0.0.1:$port/api/notifications \
			run -0 "$@" "$user" "$trouble" "$message" "$user-$trouble"
		[ "$(head -n 2 <&"$feed" | paste -sd' ')" = \
			"$trouble $user-$trouble passed $user-$trouble" ] || return
		stop_program front
	done
	api GET /
	expect '[.notifications[].title] == ["lost", "busy", $title]' --arg title "$title"
}

@test "send.sh" {
	need node nodejs
	sends "$examples/send.sh"
}

@test "send.py" {
	need python3 python3
	need node nodejs
	sends "$examples/send.py"
}

@test "send.php" {
	need php php-cli
	need node nodejs
	sends "$examples/send.php"
}

@test "send.rb" {
	need ruby ruby
	need node nodejs
	sends "$examples/send.rb"
}

@test "send.pl" {
	need perl perl
	need node nodejs
	sends "$examples/send.pl"
}

@test "send.mjs" {
	need node nodejs
	sends "$examples/send.mjs"
}

# --- The outbox -------------------------------------------------------------------------

sql() {
	sqlite3 -bail "$OUTBOX_DB" "$@"
}

begin_outbox() {
	need python3 python3
	need sqlite3 sqlite3
	need node nodejs
	export OUTBOX_DB=$dir/outbox-$BATS_TEST_NUMBER.db
	sql <"$outbox/schema.sql"
}

# fill FIRST LAST: rows for $user, whose titles are these numbers
fill() {
	sql "WITH RECURSIVE n(i) AS (VALUES($1) UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		INSERT INTO notification_outbox (event, user_id, title, message)
		SELECT '$user-' || i, '$user', i, 'Message' FROM n"
}

# has COUNT: $user was told of 1, 2, ... COUNT, each once, in this order
has() {
	api GET '/?limit=100'
	expect '[.notifications[].title | tonumber] == [range($n; 0; -1)]' --argjson n "$1"
}

@test "outbox: an order and its notification, both or neither" {
	begin_outbox
	sql "CREATE TABLE orders (id INTEGER PRIMARY KEY, paid INTEGER); INSERT INTO orders VALUES (2041, 0)"
	sql <"$outbox/order.sql"
	[ "$(sql 'SELECT paid FROM orders')" = 1 ]
	run -0 "$outbox/relay.py" --once
	run -0 "$outbox/relay.py" --once
	TOKEN=$(make_token alice)
	api GET /
	expect '.total == 1 and (.notifications[0] | .type == "success" and .title == "Paid"
		and .message == "Order 2041 was paid." and .link == "/orders/2041")'
	[ "$(sql 'SELECT count(*) FROM notification_outbox WHERE sent_at IS NULL')" = 0 ]

	# What happened already is refused with all that goes with it
	sql "UPDATE orders SET paid = 0"
	refute sql <"$outbox/order.sql"
	[ "$(sql 'SELECT paid FROM orders')" = 0 ]
}

@test "outbox: a relay that is killed at any point loses nothing, doubles nothing, keeps the order" {
	local when

	begin_outbox
	fill 1 12
	for when in before after; do
		serve front node "$helpers/front.mjs" "${url%/api/notifications}" "$when" 3
		TIDINGS_URL=http://127.0.0.1:$port/api/notifications \
			setpriv --pdeathsig KILL "$outbox/relay.py" >>"$dir/relay.log" 2>&1 3>&- &
		echo $! >"$dir/pids/relay"
		until [[ ${line-} = held* ]]; do
			read -rt 60 line <&"$feed"
		done
		line=
		kill_program relay
		stop_program front
	done
	[ "$(sql 'SELECT count(*) FROM notification_outbox WHERE sent_at IS NOT NULL')" = 4 ]
	has 5
	run -0 "$outbox/relay.py" --once
	has 12
}

@test "outbox: it goes on by itself with what comes, and after tidings was away" {
	begin_outbox
	serve front node "$helpers/front.mjs" "${url%/api/notifications}" busy
	TIDINGS_URL=http://127.0.0.1:$port/api/notifications \
		setpriv --pdeathsig KILL "$outbox/relay.py" >>"$dir/relay.log" 2>&1 3>&- &
	echo $! >"$dir/pids/relay"
	fill 1 2
	[ "$(head -n 4 <&"$feed" | paste -sd' ')" = \
		"busy $user-1 passed $user-1 busy $user-2 passed $user-2" ]
	has 2
}

@test "outbox: a row that can never be sent is told and passed over; the rest waits for better times" {
	begin_outbox
	fill 1 1
	sql "INSERT INTO notification_outbox (event, user_id, type, title, message)
		VALUES ('$user-bad', '$user', 'urgent', 'T', 'M'), ('日', '$user', 'info', 'T', 'M')"
	fill 2 2
	TIDINGS_TOKEN=nonsense run -1 "$outbox/relay.py" --once
	[[ $output = *oken* ]]
	TIDINGS_URL=http://127.0.0.1:1/ run -1 "$outbox/relay.py" --once
	has 0
	run -0 "$outbox/relay.py" --once
	[[ $output = "$user-bad: "*type*日:\ *ASCII* ]]
	has 2
	[[ $(sql "SELECT refused FROM notification_outbox WHERE refused IS NOT NULL") = *type*ASCII* ]]
	run -0 "$outbox/relay.py" --once
	[ -z "$output" ]
}

# --- What the pages show --------------------------------------------------------------------

# Takes the literal blocks of a page apart: those that it says are run go into $dir/script, the
# others into files of $dir/shown
take_apart() { # PAGE
	rm -rf "$dir/shown" "$dir/script"
	mkdir "$dir/shown"
	sed 's/\\e/\\/g' "$top_srcdir/man/$1.in" | awk -v shown="$dir/shown" -v script="$dir/script" '
		/^\.\\" Run by/ { run = 1; next }
		/^\.Bd -literal/ { inside = 1; n++; next }
		/^\.Ed/ { inside = run = 0 }
		inside { print > (run ? script : shown "/" n) }'
	[ -s "$dir/script" ]
}

# Runs $dir/script where a reader would; a request that is refused ends it
run_script() {
	PATH=$top_builddir/cli:$PATH TOKEN=$TOKEN run -0 env -C "$dir" bash -euo pipefail -c '
		curl() { command curl -sS --fail-with-body "$@"; }
		. ./script'
}

@test "tidings-integration(7): what it shows runs, or stands in examples/" {
	local block file

	take_apart tidings-integration.7
	run_script
	TOKEN=$(make_token alice)
	api GET /
	expect 'any(.notifications[]; .title == "Paid" and .link == "/orders/2040")'
	for block in "$dir"/shown/*; do
		for file in "$examples"/*.* "$outbox"/*; do
			[[ $(<"$file") != *"$(<"$block")"* ]] || continue 2
		done
		fail_with "not in examples/: $(cat "$block")"
	done
	grep -qF "$policy" "$top_srcdir/man/tidings-integration.7.in"
}

@test "tidings-operations(7): what it shows runs" {
	create alice 'With a \"quote\"'
	take_apart tidings-operations.7
	run_script
	body=$output
	expect '.[0].status == "ok" and (.[1] | (.lag | type == "number") and
		[.lost, .slow, .full, .failed] == [0, 0, false, 0])' -s
	grep -q ',"alice","info","With a ""quote""","Message",,"20' "$dir/notifications.csv"
}

@test "tidings-protocol(7): what it shows runs" {
	TOKEN=$(make_token alice)
	take_apart tidings-protocol.7
	run_script
	grep -q ' Shipped$' <<<"$output"
	grep -qx 304 <<<"$output"
	jq -e '.notifications[0].link == "/orders/4711"' "$dir/list.json"
	grep -q '^event: unread_count' "$dir/heard"
	run_script # its first request is repeated
	TOKEN=$(make_token alice) api GET /
	expect '[.notifications[] | select(.link == "/orders/4711")] | length == 1'
}

@test "tidings-scaling(7): what it shows runs, or is a setting that there is" {
	local block name

	take_apart tidings-scaling.7
	run_script
	body=$output
	expect '(.pages | type == "number") and .lag == 0 and .cache <= 1 and (.flush | type == "number")'
	for block in "$dir"/shown/*; do
		if grep -q '^\[' "$block"; then
			{ sed "s|@[a-z]*@|$dir|" "$block" && printf '[auth]\nkey-file = %s\n' "$key_file"; } >"$dir/shown.conf"
			"$top_builddir/cli/tidings" config check --config "$dir/shown.conf"
		else
			while read -r name _; do
				[ -e "/proc/sys/${name//.//}" ] || fail_with "there is no $name"
			done <"$block"
		fi
	done
}

@test "README.md shows page.html" {
	diff <(sed -n '/^```html$/,/^```$/p' "$top_srcdir/README.md" | sed '1d;$d') "$examples/page.html"
}
