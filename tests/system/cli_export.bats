#!/usr/bin/env bats
# shellcheck disable=SC2154 # set elsewhere
# tidings export and tidings import.
bats_require_minimum_version 1.5.0
load common
load cli

setup_file() {
	begin_tests
	set_config store max-per-user 0
	set_config store retention-days 0
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

# second_store: a store that is empty, for the rest of the test
second_store() {
	rm -rf second
	mkdir second
	sed "s|^socket = .*|socket = $PWD/second/store.sock|; s|^home = .*|home = $PWD/second/home|" \
		"$dir/tidings.conf" >second.conf
	mkdir second/home
	export TIDINGS_CONFIG=$PWD/second.conf
	start_program second "$top_builddir/stored/tidings-stored" --config "$TIDINGS_CONFIG"
}

# fill_store: every kind of entry, in every state
fill_store() {
	local one two id
	tidings send alice 'Title "1"' $'Two\nlines\t日本🔔' --type error --category a.b --link '/x?a=1' \
		--data '{"n": 12345678901234567890.10, "e":[1e999,{}], "u":"\u202e\u00e9é"}'
	tidings send bob 'expires' Message --expires 7d
	one=$(tidings broadcast One Message)
	two=$(tidings broadcast Two Message --expires 3d)
	tidings broadcast Three Message
	tidings send 'cärol "x" \' late Message
	lines_for alice 300 | tidings send -
	lines_for dave 3000 | tidings send -
	id=$(tidings send alice read Message)
	printf '{"user":"erin","since":"%s","seen":"%s"}\n' "$one" "$id" | tidings import
	printf '{"user":"bob","broadcast":"%s","deleted":true}\n' "$one" | tidings import
	line_for erin | tidings import
	tidings read alice "$id" "$one"
	tidings read bob "$two"
	tidings read bob --unread "$two"
	tidings send bob unread Message
	tidings read dave --all # what is to follow takes a while
	tidings send dave unread Message
	tidings read alice --all
	tidings send alice unread Message
}

counts_of() {
	local name
	for name in "$@"; do
		tidings count "$name" --json | jq -c 'del(.seq)'
	done
}

@test "export | import into an empty store | export is the same, byte for byte" {
	local -a users=(alice bob 'cärol "x" \' dave erin)
	local counts
	second_store
	fill_store
	tidings export >before
	counts=$(counts_of "${users[@]}")
	[ "$(grep -c '"broadcast":true' before)" = 3 ]
	[ "$(grep -c '^{"user":.*"since":' before)" = 5 ]
	[ "$(grep -c '^{"user":.*"broadcast":' before)" = 5 ]
	[ "$(grep -c '^{"id":.*"userId":' before)" = 3308 ]
	grep -q '^{"user":"bob",.*"deleted":true}$' before
	grep -q '^{"user":"bob","broadcast":"[^,]*}$' before
	grep -qF '"data":{"n":12345678901234567890.10,"e":[1e999,{}],"u":"\u202e\u00e9é"}' before
	stop_program second

	second_store
	run -0 --separate-stderr tidings import - <before
	[ "$output" = "$(wc -l <before) stored, 0 were there already" ]
	[ -z "$stderr" ]
	tidings export >after
	cmp before after
	[ "$(counts_of "${users[@]}")" = "$counts" ]

	run -0 tidings import before --json
	of_json ". == {stored: 0, existing: $(wc -l <before)}"
	tidings export >again
	cmp before again
	stop_program second
}

@test "an import into a store that has a part of it adds the rest" {
	second_store
	lines_for "$user" 20 | tidings send -
	tidings broadcast All Message
	tidings export >whole
	stop_program second
	second_store
	head -n 10 whole | tidings import
	run -0 tidings import whole
	[ "$output" = '12 stored, 10 were there already' ]
	tidings export | cmp - whole
	stop_program second
}

@test "export --user is of one user" {
	local id
	tidings send "$user" Title Message
	tidings send "$user-other" Title Message
	id=$(tidings broadcast Title Message)
	tidings read "$user" "$id"
	run -0 --separate-stderr tidings export --user "$user"
	[ -z "$stderr" ]
	[ "${#lines[@]}" = 3 ]
	jq -es --arg user "$user" --arg id "$id" '.[0].user == $user and .[0].since
		and .[1].user == $user and .[1].broadcast == $id and .[1].readAt
		and .[2].userId == $user' <<<"$output"
	run -0 tidings export --user nobody-has-heard-of
	[ -z "$output" ]
	tidings withdraw --broadcast "$id"
}

@test "export to a terminal escapes what could steer it" {
	local override=$'\u202e'
	tidings send "$user" Title Message --data "{\"x\":\"$override\"}"
	run -0 tidings export --user "$user"
	[[ $output == *"$override"* ]]
	in_terminal 80 "'$top_builddir/cli/tidings' export --user $user"
	[[ $output == *'\u202e'* && $output != *"$override"* ]]
}

@test "export says that it is not whole when it cannot write" {
	lines_for "$user" 2000 | tidings send -
	run -1 --separate-stderr bash -c '"$1" export --user "$2" >/dev/full' - \
		"$top_builddir/cli/tidings" "$user"
	[[ $stderr == *'stopped after '*' lines: the export is not whole'* ]]
	[[ $stderr == *'cannot write to standard output: '* ]]
}

@test "import takes an application's own notifications, and has them once" {
	local old='"createdAt":"2026-01-31T09:30:00+02:00"'
	{
		line_for "$user" old "$old,\"read\":true"
		echo
		line_for "$user" again "$old"
		line_for "$user" given "$old,\"read\":true,\"readAt\":\"2026-02-01T00:00:00Z\""
		line_for "$user" over "\"expiresAt\":\"2026-02-01T00:00:00Z\""
	} >rows
	run -0 tidings import rows
	[ "$output" = '4 stored, 0 were there already' ]
	run -0 tidings list "$user" --json
	of_json '[.notifications[] | select(.title != "over") | .createdAt] | unique
		== ["2026-01-31T07:30:00.000Z"]'
	of_json '.notifications[] | select(.title == "old") | .readAt == "2026-01-31T07:30:00.000Z"'
	of_json '.notifications[] | select(.title == "again") | .read == false'
	of_json '.notifications[] | select(.title == "given") | .readAt == "2026-02-01T00:00:00.000Z"'
	of_json '[.notifications[].id | select(test("^[0-9a-f]{8}-[0-9a-f]{4}-7"))] | length >= 3'
	run -0 tidings import - --json < <(head -n 3 rows)
	of_json '. == {stored: 0, existing: 2}'
}

@test "import keeps the order of those that do not say when they were created" {
	lines_for "$user" 600 >rows
	run -0 tidings import rows
	[ "$output" = '600 stored, 0 were there already' ]
	[ "$(tidings export --user "$user" | jq -r 'select(.title).title')" = "$(seq 600)" ]
}

@test "import of a file with wrong lines tells them all and stores nothing" {
	{
		line_for "$user" good
		line_for "$user" bad '"x":1'
		echo
		echo nonsense
		line_for "$user" bad '"read":1,"createdAt":"x"'
		head -c 65537 /dev/zero | tr '\0' x
		echo
		printf '{"user":"%s","broadcast":"x"}' "$user"
	} >rows
	run -1 --separate-stderr tidings import rows
	[ -z "$output" ]
	[ "$stderr" = "tidings import: line 2: x: is not a member of an entry of this kind
tidings import: line 4: must be valid JSON
tidings import: line 5: createdAt: must be an RFC 3339 time, at most a day from now
tidings import: line 5: read: must be true or false
tidings import: line 6: is longer than 65536 bytes
tidings import: line 7: broadcast: must be a UUID of version 7
tidings import: nothing was imported" ]
	run -1 tidings import - <rows
	run -1 --separate-stderr tidings import rows --dry-run
	[ "$output" = '1 good, 5 wrong' ]
	run -1 --separate-stderr tidings import -n --json < <(cat rows)
	of_json '. == {good: 1, wrong: 5}'
	[ "$(unread "$user")" = 0 ]
	yes nonsense | head -n 100 >rows
	run -1 --separate-stderr tidings import rows
	[ "$(wc -l <<<"$stderr")" = 22 ]
	[[ $stderr == *'and 80 more wrong lines'* ]]
}

@test "import from a pipe stops at the first wrong line, and says what is stored" {
	{
		lines_for "$user" 1000
		echo nonsense
		lines_for "$user" 1000
	} >rows
	run -1 --separate-stderr bash -c 'cat rows | "$1" import' - "$top_builddir/cli/tidings"
	[ "$output" = '1000 stored, 0 were there already' ]
	[ "$stderr" = "tidings import: line 1001: must be valid JSON
tidings import: stopped at line 1001: it and what follows it are not imported" ]
	[ "$(unread "$user")" = 1000 ]
}

@test "import --dry-run changes nothing, and needs no store" {
	sed "s|^socket = .*|socket = $PWD/none|" "$TIDINGS_CONFIG" >other.conf
	lines_for "$user" 10 >rows
	run -0 tidings import --dry-run rows --config other.conf
	[ "$output" = '10 good, 0 wrong' ]
	run -0 tidings import --dry-run --json <rows
	of_json '. == {good: 10, wrong: 0}'
	[ "$(unread "$user")" = 0 ]
}

@test "import of what is not there, and of nothing" {
	run -1 --separate-stderr tidings import none
	[ "$stderr" = 'tidings import: none: No such file or directory' ]
	run -1 --separate-stderr tidings import .
	[[ $stderr == 'tidings import: .: Is a directory'* ]]
	run -0 tidings import - </dev/null
	[ "$output" = '0 stored, 0 were there already' ]
}

@test "there are no more broadcasts than may be, but all of them can be imported again" {
	second_store
	for number in {1..1001}; do
		printf '{"id":"01890000-0000-7000-8000-%012d","type":"info","title":"t","message":"m","broadcast":true}\n' \
			"$number"
	done >rows
	run -0 tidings import - < <(head -n 1000 rows)
	[ "$output" = '1000 stored, 0 were there already' ]
	run -0 tidings import - < <(head -n 1000 rows)
	[ "$output" = '0 stored, 1000 were there already' ]
	run -1 --separate-stderr tidings import rows
	[ "$output" = '0 stored, 1000 were there already' ]
	[ "$stderr" = 'tidings import: lines 1001 to 1001: there are as many broadcasts as there may be; withdraw some' ]
	run -1 --separate-stderr tidings broadcast Title Message
	[ "$stderr" = 'tidings broadcast: there are as many broadcasts as there may be; withdraw some' ]
	stop_program second
}

@test "progress is shown where standard error is a terminal, and taken away" {
	lines_for "$user" 20000 >rows
	in_terminal 80 "'$top_builddir/cli/tidings' import '$PWD/rows'"
	[ "${output##*$'\e[K'}" = '20000 stored, 0 were there already' ]
	in_terminal 80 "'$top_builddir/cli/tidings' export --user $user | wc -l"
	[ "${output##*$'\e[K'}" = 20001 ]
}
