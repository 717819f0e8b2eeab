#!/usr/bin/env bats
# The status page through lighttpd and as plain CGI: what it shows, to whom, and that page, JSON,
# metrics and `tidings stats` tell the same; the dashboard and the alerts against the metrics.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load common

setup_file() {
	begin_tests
	set_config auth cookie session
	start_stored
	start_pushd
	start_api
	start_status
	start_lighttpd
	TOKEN=$(make_token alice) as_publisher POST / \
		'{"userId":"alice","type":"info","title":"T","message":"M"}'
	export rest=$url url=$site/tidings-status
	page=$(ls "$top_builddir/man/status.fcgi.8" 2>/dev/null || ls "$top_srcdir/man/status.fcgi.8")
	export page
}

teardown_file() {
	end_tests
}

teardown() {
	unset TOKEN
}

# find_promtool: the checker of Prometheus; skips where there is none, unless it must be there
find_promtool() {
	command -v promtool && return
	[ "${CI-}" != true ] || return 1
	skip 'promtool is not installed'
}

# await COMMAND...: until it succeeds
await() {
	local tries

	for ((tries = 0; tries < 400; tries++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	"$@"
}

# shows PATTERN: the page has it
shows() {
	api GET ''
	expect_status 200
	grep -E -- "$1" <<<"$body" || fail_with "the page does not show $1"
}

# by_cgi QUERY VARIABLE=VALUE...: one request by plain CGI
by_cgi() {
	env -i TIDINGS_CONFIG="$TIDINGS_CONFIG" GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET \
		SCRIPT_NAME=/s PATH_INFO=/ SERVER_NAME='a&<b>"c' QUERY_STRING="$1" "${@:2}" \
		"$top_builddir/cgi/status.fcgi" 2>>"$dir/cgi.log" </dev/null | tr -d '\r' >"$dir/answer"
	headers=$(sed '/^$/,$d' "$dir/answer")
	body=$(sed '1,/^$/d' "$dir/answer")
	status=$(header Status | cut -d ' ' -f 1)
}

@test "the page needs no script, and its policy allows nothing inline or from elsewhere" {
	shows '<h2>All is well</h2>'
	[ "$(header Content-Type)" = 'text/html; charset=utf-8' ]
	[ "$(header Cache-Control)" = no-store ]
	[[ $(header Content-Security-Policy) == "default-src 'self';"* ]]
	[ "$(grep -c '<svg class="plot"' <<<"$body")" -ge 5 ]
	refute grep -E ' style=|<style|<script>| on[a-z]+=|https?://' <<<"$body"
	for file in $(grep -oE '(href|src)="/tidings-status/[^"?]*' <<<"$body" | sed 's/.*"//'); do
		[ "$(curl -sS -o /dev/null -w '%{http_code}' "$site$file")" = 200 ]
	done
	api HEAD ''
	expect_status 200
	[ "$(header Content-Length)" -gt 5000 ]
	api POST '' '{}'
	expect_error 405 method_not_allowed
}

@test "a browser without scripts loads it again as often as it is asked to" {
	api GET '?refresh=7'
	expect_status 200
	[ "$(header Refresh)" = 7 ]
	api GET ''
	refute header Refresh
	for query in refresh=0 refresh=3601 refresh=x format=xml other=1; do
		api GET "?$query"
		expect_error 400 invalid_request
	done
}

@test "page, JSON, metrics and the tool tell the same, as the manual page says" {
	local -a files=("$dir/metrics" "$dir/before" "$dir/after")

	TOKEN=nonsense url=$rest/stream api GET '' # something to count
	curl -sS "$url?format=json" >"$dir/before"
	curl -sS "$url/metrics" >"$dir/metrics"
	curl -sS "$url" >"$dir/page"
	curl -sS -H 'Accept: application/json' "$url" >"$dir/after"
	node "$top_srcdir/tests/system/status/figures.mjs" "$page" "${files[@]}"
	paths() { jq -S '[paths(scalars) | join(".")]'; }
	TOKEN=$(make_token admin admin) url=$rest api GET /stats
	diff <(paths <"$dir/before") <(paths <<<"$body")
	diff <(paths <"$dir/before") <("$top_builddir/cli/tidings" stats --json | paths)
	diff <(jq .push.refused "$dir/before") <(jq .push.refused <<<"$body")
	jq -e '.push.refused.token_malformed >= 1' "$dir/before"
	# The page lists them by the same table
	for name in $(sed -nE 's/^\.It (tidings_[a-z_]+) Ta .*/\1/p' "$page" | sort -u); do
		grep -q "<code>$name" "$dir/page"
	done
}

@test "Prometheus can read it" {
	local promtool

	api GET /metrics
	[ "$(header Content-Type)" = 'text/plain; version=0.0.4; charset=utf-8' ]
	promtool=$(find_promtool)
	run -0 --separate-stderr "$promtool" check metrics <"$dir/body"
	[ -z "$output$stderr" ]
}

@test "the page shows what Prometheus takes for a configuration" {
	local promtool

	promtool=$(find_promtool)
	cp "$top_srcdir/conf/tidings-alerts.yml" "$dir"
	echo token >"$dir/token"
	awk '/^\.Ed/ { inside = 0 } inside; /^\.Bd -literal/ { inside = 1 }' "$page" |
		sed -n "/^rule_files/,/credentials_file/{s|: /.*tidings[.]token|: $dir/token|; p}" >"$dir/prometheus.yml"
	grep credentials_file "$dir/prometheus.yml"
	"$promtool" check config "$dir/prometheus.yml"
}

@test "the dashboard and the alerts ask for nothing that is not exported" {
	local name exported

	exported=$(curl -sS "$url/metrics" | sed -nE 's/^(tidings_[a-z_]+).*/\1/p' | sort -u)
	for file in tidings-dashboard.json tidings-alerts.yml; do
		name=$(grep -oE '\btidings_[a-z_]+' "$top_srcdir/conf/$file" | sort -u)
		[ "$(wc -l <<<"$name")" -ge 15 ]
		comm -13 <(echo "$exported") <(echo "$name") | tee "$dir/unknown"
		[ ! -s "$dir/unknown" ]
	done
	jq -e '(.panels | length >= 20) and ([.panels[].id] | length == (unique | length)) and
		all(.panels[].targets[]; .expr | length > 0)' "$top_srcdir/conf/tidings-dashboard.json"
}

@test "alerts are valid, quiet when all is well, and raised when it is not" {
	local promtool

	promtool=$(find_promtool)
	"$promtool" check rules "$top_srcdir/conf/tidings-alerts.yml"
	"$promtool" test rules "$top_srcdir/tests/system/status/alerts.yml"
	# The dashboard's queries are such, too
	jq '{groups: [{name: "dashboard", rules: [.panels[].targets[].expr | {record: "a:b:c",
		expr: gsub("\\$__rate_interval"; "5m")}]}]}
		| .groups[0].rules |= [to_entries[] | .value.record += "\(.key)" | .value]' \
		"$top_srcdir/conf/tidings-dashboard.json" >"$dir/queries.json"
	"$promtool" check rules "$dir/queries.json"
	# And the configuration that the page shows
	cp "$top_srcdir/conf/tidings-alerts.yml" "$dir"
	sed -n '/^rule_files:$/,/^\.Ed$/p' "$page" | grep -v '^\.' >"$dir/prometheus.yml"
	"$promtool" check config "$dir/prometheus.yml"
}

@test "who is near may see it, and an administrator from anywhere; nobody else" {
	local far=(-H 'X-Forwarded-For: 192.0.2.1') admin

	admin=$(make_token admin admin)
	for path in '' '?format=json' /metrics; do
		api GET "$path" '' "${far[@]}"
		expect_error 403 forbidden
		[[ $(jq -r .error <<<"$body") == *'[status] allow'* ]]
		TOKEN=$publisher_token api GET "$path" '' "${far[@]}"
		expect_error 403 forbidden
		TOKEN=nonsense api GET "$path" '' "${far[@]}"
		expect_error 401 token_malformed
		TOKEN=$admin api GET "$path" '' "${far[@]}"
		expect_status 200
		TOKEN=nonsense api GET "$path" # the address is enough
		expect_status 200
	done
	api GET '' '' "${far[@]}" -H "Cookie: session=$admin" -H 'Sec-Fetch-Site: same-origin'
	expect_status 200
	api GET /status.css '' "${far[@]}"
	expect_status 200
	# A page elsewhere that the browser of somebody near shows
	api GET '?format=json' '' -H "Origin: $site"
	refute header Access-Control-Allow-Origin
	TOKEN=$(make_token other admin) url=$rest api POST /disconnect '{"userId":"admin","revoke":true}'
	expect_status 200
	TOKEN=$(mint_token '{"alg":"HS256"}' "{\"sub\":\"admin\",\"role\":\"admin\",\"exp\":$(($(date +%s) + 60))}") \
		api GET '' '' "${far[@]}"
	expect_error 401 token_revoked
}

@test "the address is the one that the web server tells, and what trusted proxies add" {
	sees() { # CODE VARIABLE=VALUE...
		by_cgi '' "${@:2}"
		expect_status "$1"
	}

	set_config status allow '127.0.0.1,::1,unix,198.51.100.0/24'
	sees 200 REMOTE_ADDR=127.0.0.1
	sees 200 REMOTE_ADDR=::1
	sees 200 REMOTE_ADDR=::ffff:127.0.0.1
	sees 200 REMOTE_ADDR=unix:
	sees 200 REMOTE_ADDR=198.51.100.255
	sees 403 REMOTE_ADDR=
	sees 403
	sees 403 REMOTE_ADDR=localhost
	sees 403 REMOTE_ADDR=192.0.2.1
	sees 403 REMOTE_ADDR=192.0.2.1 HTTP_X_FORWARDED_FOR=127.0.0.1
	sees 403 REMOTE_ADDR=127.0.0.1 HTTP_X_FORWARDED_FOR='127.0.0.1, 192.0.2.1'
	sees 200 REMOTE_ADDR=127.0.0.1 HTTP_X_FORWARDED_FOR='192.0.2.1, 198.51.100.7'
	set_config status allow ''
	sees 403 REMOTE_ADDR=127.0.0.1
	set_config status allow '127.0.0.1,::1,unix'
}

@test "without keys it goes on, and accepts no token" {
	set_config auth key-file /nonexistent
	by_cgi format=json REMOTE_ADDR=127.0.0.1
	expect_status 200
	by_cgi '' REMOTE_ADDR=192.0.2.1 HTTP_AUTHORIZATION="Bearer $(make_token admin admin)"
	expect_error 403 forbidden
	set_config auth key-file "$key_file"
	grep -q 'no token will be accepted' "$dir/cgi.log"
}

@test "plain CGI knows no rates, and says so; what comes from elsewhere is text" {
	by_cgi '' REMOTE_ADDR=127.0.0.1
	expect_status 200
	grep -F 'knows no rates' <<<"$body"
	grep -F 'href="/s/status.css"' <<<"$body"
	grep -F 'a&amp;&lt;b&gt;&quot;c' <<<"$body"
	refute grep -F '<b>' <<<"$body"
}

@test "rates and what happened come with time" {
	collected() {
		api GET ''
		grep -oE '<dt>Messages a second</dt><dd>[^<]*' <<<"$body" | grep -E '>[0-9.,]+$'
	}
	await collected
	TOKEN=nonsense url=$rest/stream api GET ''
	shows 'Clients refused: token_malformed'
	grep -E 'class="line line-1" points="[0-9.]+,[0-9.]+ [0-9.]+,' <<<"$body"
}

@test "the worker asks for figures by itself, once somebody has looked" {
	local first asked=0

	done_by_store() { "$top_builddir/cli/tidings" stats --json | jq .store.requests.done; }
	# More than this test has asked for
	asks() {
		asked=$((asked + 1))
		[ "$(done_by_store)" -gt $((first + asked)) ]
	}
	api GET ''
	expect_status 200
	first=$(done_by_store)
	await asks
}

@test "a client that reads nothing is named, with what waits for it" {
	local text i slow

	text=$(head -c 4000 /dev/zero | tr '\0' x)
	jq -cn --arg text "$text" '{notifications: [range(10) | {userId: "slow <one>", type: "info",
		title: "T", message: "M", data: {x: $text}}]}' >"$dir/batch"
	node -e 'const socket = require("net").connect(process.argv[1]);
		socket.write(`GET /api/notifications/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${process.argv[2]}\r\n\r\n`);
		socket.once("readable", () => { socket.pause(); console.log("there"); });
		setTimeout(() => {}, 60000);' "$dir/push.sock" "$(make_token 'slow <one>')" >"$dir/slow" 3>&- &
	slow=$!
	await grep -q there "$dir/slow"
	for ((i = 0; i < 40; i++)); do
		url=$rest as_publisher POST /batch "@$dir/batch"
		expect_status 201
	done
	named() { shows '<td>slow &lt;one&gt;</td>.*<td>events</td>.*kB</td>'; }
	await named
	kill "$slow"
}

@test "a daemon that is away is told at the head, with what to do; the rest goes on" {
	stop_program pushd
	shows 'The push daemon does not answer: .*journalctl -u tidings-pushd'
	shows 'Stopped answering: tidings-pushd'
	shows '<h2>Something does not work</h2>'
	api GET '?format=json'
	expect '.push == null and .store.notifications.created >= 1'
	api GET /metrics
	grep -x 'tidings_up{part="push"} 0' <<<"$body"
	refute grep '^tidings_connections ' <<<"$body"
	stop_program stored
	shows 'The store does not answer: .*journalctl -u tidings-stored'
	api GET '?format=json'
	expect_status 200
	expect '.push == null and .store == null and .version'
	start_stored
	start_pushd
	shows '<h2>All is well</h2>'
	shows 'Answers again: tidings-stored'
}

@test "what is nearly full is told" {
	stop_program pushd
	set_config push max-connections 1
	set_config push max-connections-per-user 1
	start_pushd
	curl -sSN -H "Authorization: Bearer $(make_token alice)" --unix-socket "$dir/push.sock" \
		http://localhost/api/notifications/stream >"$dir/stream" 3>&- &
	await grep -q connected "$dir/stream"
	shows '1 of at most 1 connections are in use'
	kill %%
	stop_program pushd
	rm "$dir"/config/push/max-connections{,-per-user}
	set_config push control ''
	start_pushd
	kill -HUP "$(cat "$dir/pids/status")"
	empty() { shows 'control in \[push\] of tidings.conf is empty'; }
	await empty
	stop_program pushd
	set_config push control "$dir/push-control.sock"
	start_pushd
	kill -HUP "$(cat "$dir/pids/status")"
}
