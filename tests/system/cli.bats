#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016 # set elsewhere; for jq and other shells
# tidings, the administrator's tool, against a running store.
bats_require_minimum_version 1.5.0
load common
load cli

setup_file() {
	begin_tests
	set_config store max-per-user 0
	start_stored
}

teardown_file() {
	end_tests
}

# Each test has users of its own
setup() {
	user=user$BATS_TEST_NUMBER
	cd "$BATS_TEST_TMPDIR" || return
}

@test "without a subcommand it prints the help on standard error" {
	run -2 --separate-stderr tidings
	[ -z "$output" ]
	[[ $stderr == "Usage: tidings "* ]]
}

@test "wrong usage ends with 2, says what is wrong, and does nothing" {
	local wrong
	while IFS= read -r wrong; do
		echo "# $wrong"
		eval "run -2 --separate-stderr tidings $wrong </dev/null"
		[ -z "$output" ]
		[[ $stderr == "tidings"*": "* ]]
	done <<-'END'
		nonsense
		--json count a
		help nonsense
		count
		count a b
		count ''
		count $'a\nb'
		count $'\xff'
		list a --limit 0
		list a --limit 101
		list a --limit x
		list a --offset -1
		list a --offset 10001
		list a --cursor nonsense
		list a --cursor 01890000-0000-7000-8000-000000000000 --offset 1
		list a --type bad
		list a --category 'A B'
		read a
		read a nonsense
		read a --all 01890000-0000-7000-8000-000000000000
		read a --all --unread
		send
		send $user
		send $user title
		send $user title message more
		send $user title message --stdin
		send - --type info
		send --stdin --expires 1h
		send $user title message --type bad
		send $user '' message
		send $user title ''
		send $user $'a\nb' message
		send $user $'\xff' message
		send $user title $'a\033b'
		send $user title message --link javascript:alert
		send $user title message --link //other.example/
		send $user title message --category A
		send $user title message --expires yesterday
		send $user title message --expires 2020-01-01T00:00:00Z
		send $user title message --expires 0s
		send $user title message --data '[]'
		send $user title message --data '{'
		send $user title message --data '{},"category":"a"'
		send '' title message
		token
		token ''
		token a --expires-in 0h
		token a --expires-in 1
		token a --expires-in 11000d
		watch a
		watch --user ''
	END
	[ "$(unread "$user")" = 0 ]
}

@test "send prints the id, and the notification is there as it was given" {
	local id data='{"n": 1.50, "b": [true, null], "a": "é"}'
	id=$(tidings send "$user" 'Report ready' $'Two\nlines' --type warning --link '/r?a=1&b=2' \
		--category report.daily --expires 2h --data "$data")
	run -0 --separate-stderr tidings list "$user" --json
	[ -z "$stderr" ]
	of_json ".notifications[0].id == \"$id\""
	of_json '.notifications[0].title == "Report ready"'
	of_json '.notifications[0].message == "Two\nlines"'
	of_json '.notifications[0].type == "warning"'
	of_json '.notifications[0].link == "/r?a=1&b=2"'
	of_json '.notifications[0].category == "report.daily"'
	of_json ".notifications[0].userId == \"$user\""
	of_json '.notifications[0].read == false'
	of_json '.notifications[0] | (.createdAt[:19] + "Z" | fromdate) as $created
		| (.expiresAt[:19] + "Z" | fromdate) - $created | 7199 <= . and . <= 7200'
	of_json '.total == 1 and .unreadCount == 1 and .unseenCount == 1 and .seq == 1'
	[[ $output == *'"data":{"n":1.50,"b":[true,null],"a":"é"}'* ]]
}

@test "send takes the longest title and message, and no longer ones" {
	local title message
	title=$(printf 'ü%.0s' {1..200})
	message=$(printf 'ü%.0s' {1..1000})
	run -0 tidings send "$user" "$title" "$message"
	run -2 tidings send "$user" "${title}x" "$message"
	run -2 tidings send "$user" "$title" "${message}x"
	[ "$(unread "$user")" = 1 ]
}

@test "send - sends each valid line, and tells the others by their number" {
	{
		line_for "$user" 1
		echo
		line_for "$user" 3 '"x":1'
		echo nonsense
		line_for "$user" 5 | tr '\n' '\r'
		echo
		head -c 65537 /dev/zero | tr '\0' x
		echo
		printf '{"userId":"%s","title":"\xff"}\n' "$user"
		line_for '' 8
		printf %s "$(line_for "$user" 9)" # without a line feed
	} >lines
	run -1 --separate-stderr tidings send - <lines
	[ "$output" = '3 sent, 5 failed' ]
	for number in 3 4 6 7 8; do
		grep -q "^tidings send: line $number: " <<<"$stderr"
	done
	[ "$(grep -c . <<<"$stderr")" = 5 ]
	run -0 tidings list "$user" --json
	of_json '[.notifications[].title] == ["9", "5", "1"]'
}

@test "send --stdin --json prints what was created, one a line" {
	run -0 --separate-stderr tidings send --stdin --json < <(line_for "$user" a; line_for "$user" b)
	[ -z "$stderr" ]
	[ "$(jq -c .title <<<"$output")" = $'"a"\n"b"' ]
	[ "$(jq -r .id <<<"$output" | sort -u | wc -l)" = 2 ]
}

@test "send - of nothing is done at once" {
	run -0 tidings send - </dev/null
	[ "$output" = '0 sent, 0 failed' ]
}

@test "send - sends many: more than are under way at a time" {
	lines_for "$user" 5000 >lines
	run -0 --separate-stderr tidings send - <lines
	[ "$output" = '5000 sent, 0 failed' ]
	[ -z "$stderr" ] # no progress where there is no terminal
	run -0 tidings list "$user" --json --limit 1
	of_json '.seq == 5000 and .notifications[0].title == "5000"'
}

@test "send - sends a line as soon as it comes" {
	coproc sender { exec "$top_builddir/cli/tidings" send - --json; }
	local pid=$sender_PID to=${sender[1]} from=${sender[0]}
	line_for "$user" first >&"$to"
	read -r -t 20 -u "$from" output
	of_json '.title == "first"'
	[ "$(unread "$user")" = 1 ]
	line_for "$user" second >&"$to"
	read -r -t 20 -u "$from" output
	of_json '.title == "second"'
	exec {to}>&-
	wait "$pid"
}

@test "list goes through all pages, each notification once, newest first" {
	local cursor='' titles=''
	local -a options
	lines_for "$user" 7 | tidings send -
	for _ in 1 2 3 4; do
		options=(--json --limit 2)
		[ -z "$cursor" ] || options+=(--cursor "$cursor")
		run -0 tidings list "$user" "${options[@]}"
		titles+=$(jq -r '.notifications[].title' <<<"$output" | tr -d '\n')
		cursor=$(jq -r '.nextCursor // ""' <<<"$output")
		of_json '.total == 7'
	done
	[ "$titles" = 7654321 ]
	[ -z "$cursor" ]
	run -0 tidings list "$user" --json --limit 2 --offset 3
	of_json '[.notifications[].title] == ["4", "3"]'
}

@test "list tells of a further page where it does not stand among the rows" {
	local cursor
	lines_for "$user" 3 | tidings send -
	cursor=$(tidings list "$user" --limit 2 --json | jq -r .nextCursor)
	run -0 --separate-stderr tidings list "$user" --limit 2
	[ "${#lines[@]}" = 3 ]
	[ "$stderr" = "There are more: --cursor $cursor" ]
	run -0 --separate-stderr tidings list "$user" --cursor "$cursor"
	[ "${#lines[@]}" = 2 ]
	[ -z "$stderr" ]
}

@test "list filters by what is unread, by type and by category" {
	tidings send "$user" one m --type error
	tidings send "$user" two m --category a.b
	tidings read "$user" "$(tidings send "$user" three m --type error --category a.b)"
	run -0 tidings list "$user" --json --unread
	of_json '[.notifications[].title] == ["two", "one"]'
	run -0 tidings list "$user" --json --type error
	of_json '[.notifications[].title] == ["three", "one"]'
	run -0 tidings list "$user" --json --category a.b
	of_json '[.notifications[].title] == ["three", "two"]'
	run -0 tidings list "$user" --json --category a.b --type error --unread
	of_json '.notifications == [] and .total == 3'
}

@test "list prints a table with whole times and texts where there is no terminal" {
	local id long
	long=$(printf 'word %.0s' {1..100})
	id=$(tidings send "$user" Title "$long" --type success)
	run -0 tidings list "$user"
	[[ ${lines[0]} =~ ^ID\ +CREATED\ +STATE\ +TYPE\ +NOTIFICATION$ ]]
	[[ ${lines[1]} =~ ^$id\ \ [0-9T:.-]{23}Z\ \ unread\ \ success\ \ Title:\ $long$ ]]
	[ "${#lines[@]}" = 2 ]
}

@test "count prints the numbers" {
	run -0 tidings count "$user"
	[[ ${lines[1]} =~ ^\ +0\ +0\ +0$ ]]
	tidings send "$user" a m
	tidings read "$user" "$(tidings send "$user" b m)"
	run -0 tidings count "$user"
	[[ ${lines[0]} =~ ^UNREAD\ +UNSEEN\ +TOTAL$ ]]
	[[ ${lines[1]} =~ ^\ +1\ +1\ +2$ ]]
	run -0 tidings count "$user" --json
	of_json '. == {total: 2, unreadCount: 1, unseenCount: 1, seq: 3}'
}

@test "read marks ids, unmarks them, and tells which there are not" {
	local a b none=01890000-0000-7000-8000-000000000000
	a=$(tidings send "$user" a m)
	b=$(tidings send "$user" b m)
	tidings send "$user" c m
	run -0 tidings read "$user" "$a" "$b"
	[ "$output" = '2 marked as read, 1 unread now' ]
	run -0 tidings read "$user" --unread "$a"
	[ "$output" = '1 marked as unread, 2 unread now' ]
	run -1 --separate-stderr tidings read "$user" "$none" "$a" --json
	of_json '.count == 1 and .unreadCount == 1'
	[ "$stderr" = "tidings read: $none: there is no such notification" ]
	run -1 --separate-stderr tidings read "$user" "$none"
	[ -z "$output" ]
	run -1 tidings read "$user-other" "$b" --unread
	[ "$(unread "$user")" = 1 ]
}

@test "read --all marks all" {
	lines_for "$user" 3 | tidings send -
	run -0 tidings read "$user" --all
	[ "$output" = '3 marked as read, 0 unread now' ]
	run -0 tidings read "$user" --all --json
	of_json '.count == 0 and .unreadCount == 0'
}

@test "watch shows each change as it is committed, and ends by SIGINT" {
	local id
	watch_changes --json
	next_change
	of_json '.op == "begin" and (.epoch | length) > 0'

	id=$(tidings send "$user" Title Message --type error)
	next_change
	of_json ".op == \"created\" and .userId == \"$user\" and .ids == [\"$id\"]"
	of_json '.seq == 1 and .total == 1 and .unreadCount == 1 and .unseenCount == 1'
	of_json ".notification.id == \"$id\" and .notification.title == \"Title\""
	tidings read "$user" "$id"
	next_change
	of_json ".op == \"read\" and .ids == [\"$id\"] and .seq == 2 and .unreadCount == 0"
	tidings read "$user" "$id" --unread
	next_change
	of_json ".op == \"unread\" and .seq == 3 and (has(\"notification\") | not)"
	tidings read "$user" --all
	next_change
	of_json '.op == "all_read" and .ids == [] and .seq == 4'

	kill -INT "$watcher"
	wait "$watcher"
	[ ! -s watch.err ]
}

@test "watch --user shows one user's changes only, all of them in order" {
	watch_changes --user "$user" --json
	next_change
	paste -d '\n' <(lines_for "$user" 500) <(lines_for "$user-other" 500) | tidings send -
	for number in {1..500}; do
		next_change
		[[ $output == *"\"userId\":\"$user\""*"\"title\":\"$number\""* ]]
	done
	tidings read "$user-other" --all
	tidings read "$user" --all
	next_change
	of_json ".op == \"all_read\" and .userId == \"$user\""
	kill -TERM "$watcher"
	wait "$watcher"
}

@test "watch prints lines for people" {
	watch_changes
	next_change
	[[ $output =~ ^TIME\ +CHANGE\ +UNREAD\ +USER\ +WHAT$ ]]
	tidings send "$user" Title $'Two\nlines'
	next_change
	[[ $output =~ ^[0-9T:.-]{23}Z\ +created\ +1\ +$user\ +Title:\ Two\ lines$ ]]
	kill -INT "$watcher"
	wait "$watcher"
}

@test "watch has colours on a terminal" {
	# Sends until it is over, for nobody knows when it has begun
	watched() { # ENVIRONMENT
		in_terminal 100 "(env $1 timeout --foreground 2 '$top_builddir/cli/tidings' watch &
			while kill -0 \$!; do '$top_builddir/cli/tidings' send $user Title M >&2; done 2>/dev/null; wait)"
	}
	watched A=
	[[ $output == *$'\e[3'*'created'* ]]
	watched NO_COLOR=1
	[[ $output == *'created'* && $output != *$'\e['* ]]
}

@test "watch ends when its reader has gone" {
	run -0 bash -c 'set -o pipefail; "$1" watch --json | head -n 1' - "$top_builddir/cli/tidings"
	of_json '.op == "begin"'
}

@test "watch needs the log" {
	local conf=$BATS_TEST_TMPDIR/other.conf
	sed "s|^home = .*|home = $BATS_TEST_TMPDIR/nowhere|" "$TIDINGS_CONFIG" >"$conf"
	run -1 --separate-stderr tidings watch --config "$conf"
	[ "$stderr" = "tidings watch: cannot read the log in $BATS_TEST_TMPDIR/nowhere/log: No such file or directory" ]
}

@test "token makes one that is signed with the key of the configuration" {
	local token header payload
	token=$(tidings token "$user" --role admin --scope 'a notifications:write' --expires-in 15m)
	header=$(cut -d. -f1 <<<"$token" | tr -- -_ +/ | base64 -d 2>/dev/null || true)
	payload=$(cut -d. -f2 <<<"$token" | tr -- -_ +/ | base64 -d 2>/dev/null || true)
	jq -e '.alg == "HS256"' <<<"$header"
	jq -e --arg user "$user" '.sub == $user and .role == "admin" and
		.scope == "a notifications:write" and .exp - .iat == 900 and
		(now - .iat | fabs) < 60' <<<"$payload"
	[ "$token" = "$(mint_token "$header" "$payload")" ]
	run -0 tidings token "$user" --json
	of_json '.token | split(".") | length == 3'
	of_json '(.expiresAt[:19] + "Z" | fromdate) - now | 3500 < . and . <= 3600'
}

@test "token works without a store, and says which key it misses" {
	local conf=$BATS_TEST_TMPDIR/other.conf
	sed "s|^socket = .*|socket = $BATS_TEST_TMPDIR/none|" "$TIDINGS_CONFIG" >"$conf"
	run -0 tidings token "$user" --config "$conf"
	sed "s|^key-file = .*|key-file = $BATS_TEST_TMPDIR/no.key|" "$TIDINGS_CONFIG" >"$conf"
	run -1 --separate-stderr tidings token "$user" --config "$conf"
	[ -z "$output" ]
	[[ $stderr == "tidings token: "*"$BATS_TEST_TMPDIR/no.key"* ]]
	run -1 --separate-stderr tidings token "$user" --kid unknown
	[ -z "$output" ]
	[[ $stderr == "tidings token: "*unknown* ]]
}

@test "token --verify says whether a token is good, and what is wrong with one that is not" {
	local header=eyJhbGciOiJub25lIn0 claims
	tidings token "$user" --role admin | tidings token --verify >said
	[[ $(sed -n 2p said) =~ ^it\ is\ +good,\ for\ $user,\ who\ may\ publish\ and\ administrate$ ]]
	grep -q '^alg *HS256$' said
	grep -qE '^exp +20[0-9T:.-]+Z$' said
	run -0 tidings token --verify "$(tidings token "$user")" --json
	of_json ".valid and .userId == \"$user\" and (.publisher or .admin | not) and .claims.sub == \"$user\""
	claims=$(printf '{"sub":"%s","exp":1}' "$user" | base64 -w0 | tr '+/' '-_' | tr -d =)
	run -1 tidings token --verify "$header.$claims." --json
	of_json '.valid == false and .code == "token_algorithm" and .header.alg == "none" and .claims.exp == 1'
	run -1 tidings token --verify nonsense --json
	of_json '.code == "token_malformed" and .header == null and .claims == null'
	run -1 tidings token --verify - </dev/null
	run -2 tidings token --verify --role admin x
	run -2 tidings token
}

@test "token --verify asks the store whether a token was revoked, and goes on without it" {
	token=$(tidings token "$user")
	tidings send "$user" Title Message
	sleep_past_this_second() { local now=$EPOCHSECONDS; while [ "$now" = "$EPOCHSECONDS" ]; do sleep 0.05; done; }
	sleep_past_this_second
	tidings disconnect "$user" --revoke || [ $? = 75 ] # there is no push daemon
	run -1 tidings token --verify "$token" --json
	of_json '.code == "token_revoked"'
	sed "s|^socket = .*|socket = $BATS_TEST_TMPDIR/none|" "$TIDINGS_CONFIG" >"$BATS_TEST_TMPDIR/other.conf"
	run -0 --separate-stderr tidings token --verify "$token" --config "$BATS_TEST_TMPDIR/other.conf"
	[[ $stderr == *"whether it was revoked: cannot reach the store"* ]]
}

@test "without a store everything ends with 75" {
	local conf=$BATS_TEST_TMPDIR/other.conf call
	sed "s|^socket = .*|socket = $BATS_TEST_TMPDIR/none|" "$TIDINGS_CONFIG" >"$conf"
	export TIDINGS_CONFIG=$conf
	line_for "$user" >lines
	while IFS= read -r call; do
		echo "# $call"
		eval "run -75 --separate-stderr tidings $call <lines"
		[[ $output == '' || $output == '0 sent, 1 failed' ]]
		[[ $stderr == "tidings ${call%% *}: cannot reach the store at $BATS_TEST_TMPDIR/none: No such file or directory" ]]
	done <<-'END'
		count a
		list a --json
		read a --all
		send a title message
		send -
		watch
	END
}

@test "a configuration that cannot be read is told" {
	run -1 --separate-stderr tidings count "$user" --config "$BATS_TEST_TMPDIR/none.conf"
	[ "$stderr" = "tidings count: $BATS_TEST_TMPDIR/none.conf: No such file or directory" ]
	printf '[store]\nnonsense = 1\n' >bad.conf
	run -1 --separate-stderr tidings count "$user" --config bad.conf
	[[ $stderr == "tidings count: bad.conf:2: "* ]]
}

@test "output that cannot be written is a failure" {
	run -1 --separate-stderr bash -c '"$1" count a >/dev/full' - "$top_builddir/cli/tidings"
	[[ $stderr == 'tidings: cannot write to standard output: '* ]]
}

@test "on a terminal a table is cut to its width, with times that are relative" {
	local LC_ALL=C.UTF-8 line
	tidings send "$user" '日本語のタイトル' "$(printf 'word %.0s' {1..100})"
	in_terminal 80 "NO_COLOR=1 '$top_builddir/cli/tidings' list $user"
	[[ $output == *'read  info  日本語のタ'*…* ]]
	grep -qE '  (now|[0-9]+ s ago)  ' <<<"$output"
	grep -qx '1 in all, 1 unread, 1 unseen' <<<"$output"
	# The wide characters take two columns each
	while IFS= read -r line; do
		[ "${#line}" -le 80 ]
	done <<<"${output//[日本語のタイトル]/xx}"
	in_terminal 200 "NO_COLOR=1 '$top_builddir/cli/tidings' list $user"
	[[ $output == *'日本語のタイトル: word word'* ]]
}

@test "colours are for terminals, unless NO_COLOR forbids them" {
	tidings send "$user" Title Message --type error
	in_terminal 80 "'$top_builddir/cli/tidings' list $user"
	[[ $output == *$'\e[31merror\e[0m'* ]]
	in_terminal 80 "NO_COLOR=1 '$top_builddir/cli/tidings' list $user"
	[[ $output == *error* && $output != *$'\e'* ]]
	in_terminal 80 "TERM=dumb '$top_builddir/cli/tidings' list $user"
	[[ $output == *error* && $output != *$'\e'* ]]
	run -0 tidings list "$user"
	[[ $output == *error* && $output != *$'\e'* ]]
}

@test "nothing that a publisher wrote can steer a terminal" {
	local csi=$'\u009b' override=$'\u202e'
	tidings send "$user" "a${override}b" Message --data "{\"x\":\"$override\"}"
	run -0 tidings list "$user" --json
	[[ $output == *'\u202e'* && $output != *"$override"* ]]
	of_json ".notifications[0].title == \"a${override}b\" and .notifications[0].data.x == \"$override\""
	run -0 tidings list "$user"
	[[ $output == *'a�b: Message'* && $output != *"$override"* ]]
	run -2 tidings send "$user" "a${csi}b" Message
	run -2 tidings count "a${csi}31m"
	[[ $output != *"$csi"* ]]
	run -2 tidings $'no\e[31msuch'
	[[ $output != *$'\e'* ]]
}

@test "progress is shown where standard error is a terminal, and taken away" {
	lines_for "$user" 2000 >lines
	in_terminal 80 "'$top_builddir/cli/tidings' send - <'$BATS_TEST_TMPDIR/lines'"
	[[ ${output##*$'\e[K'} == '2000 sent, 0 failed' ]]
}
