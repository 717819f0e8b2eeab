#!/usr/bin/env bats
# What an administrator asks of the push daemon with tidings: statistics, connections, their
# end, and the log level.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

# Variables come from common.bash, and go there; in single quotes stand texts for jq
# shellcheck disable=SC2016,SC2154

setup_file() {
	begin_tests
	set_config store durability sync
	set_config push max-connections-per-user 2000
	start_stored
	start_pushd
}

teardown_file() {
	end_tests
}

# Each test has users of its own, and ends with both running unless it failed
setup() {
	user=user$BATS_TEST_NUMBER
	cd "$BATS_TEST_TMPDIR" || return
	[ -e "$dir/pids/stored" ] || start_stored
	[ -e "$dir/pids/pushd" ] || start_pushd
}

@test "wrong usage ends with 2, says what is wrong, and does nothing" {
	local wrong
	hold "$user" 1
	while IFS= read -r wrong; do
		echo "# $wrong"
		eval "run -2 --separate-stderr tidings $wrong </dev/null"
		[ -z "$output" ]
		[[ $stderr == "tidings"*": "* ]]
	done <<-'END'
		stats now
		connections ''
		connections a b
		disconnect
		disconnect ''
		disconnect a b
		disconnect --all
		disconnect --all $user
		disconnect --all --yes $user
		disconnect --all --revoke --yes
		log-level loud
		log-level info debug
	END
	run -0 tidings disconnect "$user"
	[ "$output" = "$user: 1 connection closed" ]
	release
}

@test "stats: all there is as JSON, and tables for people" {
	hold "$user" 2
	tidings send "$user" a m
	tidings send "$user" b m
	run -0 --separate-stderr tidings stats --json
	[ -z "$stderr" ]
	of_json 'keys == ["push", "store", "version"] and .push.version == .version'
	of_json '.push.connections.authenticated >= 2 and .push.uptime >= 0'
	of_json '.store | .notifications.created >= 2 and .requests.done >= 2 and .connections.now >= 1'
	of_json '.store.flushes | .count >= 1 and .mostRequests >= 1 and .meanRequests >= 1
		and .longestMicroseconds >= .lastMicroseconds and .longestMicroseconds >= .meanMicroseconds'
	run -0 --separate-stderr tidings stats
	[ -z "$stderr" ]
	[[ $output == "PUSH DAEMON "* ]]
	grep -qE '^connections authenticated +[0-9]+$' <<<"$output"
	grep -qE '^STORE +VALUE$' <<<"$output"
	grep -qE '^notifications created +[0-9]+$' <<<"$output"
	grep -qE '^cache hit rate +[0-9.]+ %$' <<<"$output"
	grep -qE '^size data +[0-9.]+ [kM]?B$' <<<"$output"
	release
}

@test "stats: one that is away is told, the other is printed, and it ends with 75" {
	stop_program pushd
	run -75 --separate-stderr tidings stats --json
	of_json '.push == null and .store.uptime >= 0'
	[ "$stderr" = "tidings stats: cannot reach the push daemon at $dir/push-control.sock: No such file or directory" ] ||
		[ "$stderr" = "tidings stats: cannot reach the push daemon at $dir/push-control.sock: Connection refused" ]
	run -75 --separate-stderr tidings stats
	[[ $output == "STORE "* ]]
	stop_program stored
	run -75 --separate-stderr tidings stats --json
	[ -z "$output" ]
	[[ $stderr == *'the push daemon'*'the store'* ]]
	start_pushd
	run -75 --separate-stderr tidings stats --json
	of_json '.store == null and .push.uptime >= 0'
	[[ $stderr == 'tidings stats: cannot reach the store'* ]]
	start_stored
}

@test "connections: of all, of one user, as a table and as lines of JSON" {
	hold "$user" 2
	hold_first=$holder
	hold "$user-other" 1
	run -0 --separate-stderr tidings connections
	[ -z "$stderr" ]
	[[ ${lines[0]} =~ ^KIND\ +AGE\ +QUEUE\ +ADDRESS\ +USER$ ]]
	[ "$(grep -cE "^websocket +[0-9]+ +0 .* $user\$" <<<"$output")" = 2 ]
	[ "$(grep -cE " $user-other\$" <<<"$output")" = 1 ]
	run -0 tidings connections "$user" --json
	[ "${#lines[@]}" = 2 ]
	jq -es 'all(.user == "'"$user"'" and .kind == "websocket" and .age >= 0 and .queue == 0 and has("address"))
		and (map(.id) | unique | length == 2)' <<<"$output"
	run -0 tidings connections "$user-nobody"
	[ "${#lines[@]}" = 1 ]
	run -0 tidings connections "$user-nobody" --json
	[ -z "$output" ]
	in_terminal 80 "'$top_builddir/cli/tidings' connections '$user'"
	[[ $output == *' s '*' 0 B '* ]]
	kill "$hold_first"
	release
}

@test "connections: more than a page has are all there, each once" {
	hold "$user" 1100
	run -0 tidings connections "$user" --json
	[ "${#lines[@]}" = 1100 ]
	[ "$(jq -r .id <<<"$output" | sort -u | wc -l)" = 1100 ]
	run -0 tidings connections "$user"
	[ "${#lines[@]}" = 1101 ]
	[ "$(grep -c KIND <<<"$output")" = 1 ]
	run -0 tidings disconnect "$user"
	[ "$output" = "$user: 1100 connections closed" ]
	release
}

@test "disconnect: those of one user, who may come back" {
	hold "$user" 2
	run -0 tidings disconnect "$user-nobody" --json
	of_json '. == {userId: "'"$user-nobody"'", revoked: false, count: 0}'
	run -0 --separate-stderr tidings disconnect "$user"
	[ "$output" = "$user: 2 connections closed" ]
	[ -z "$stderr" ]
	expect_ends 2 '4403 disconnected'
	release
	hold "$user" 1
	run -0 tidings disconnect "$user" --json
	of_json '. == {userId: "'"$user"'", revoked: false, count: 1}'
	release
}

@test "disconnect --revoke: tokens of before are refused from then on" {
	local token
	token=$(make_token "$user")
	hold "$user" 2 "$token"
	run -0 --separate-stderr tidings disconnect "$user" --revoke
	[ "$output" = "$user: 2 connections closed, tokens issued until now are refused" ]
	[ -z "$stderr" ]
	expect_ends 2 '4403 disconnected'
	release
	refute hold "$user" 1 "$token"
	run -0 tidings disconnect "$user" --revoke --json
	of_json '. == {userId: "'"$user"'", revoked: true, count: 0}'
}

@test "disconnect --all: asks on a terminal, and needs --yes elsewhere" {
	hold "$user" 2
	run -2 --separate-stderr tidings disconnect --all </dev/null
	[ "$stderr" = 'tidings disconnect: there is no terminal to ask on: nothing was done; --yes does it unasked' ]
	answering no "'$top_builddir/cli/tidings' disconnect --all; echo status \$?"
	[[ $output == *'End the connections of all users? [y/N] '*'nothing was done'*'status 1'* ]]
	answering yes "'$top_builddir/cli/tidings' disconnect --all; echo status \$?"
	[[ $output == *'all users: '*' connections closed'*'status 0'* ]]
	expect_ends 2 '4403 disconnected'
	release
	run -0 tidings disconnect --all --yes --json
	of_json '. == {count: 0}'
}

@test "disconnect without the push daemon: 75; but tokens are revoked all the same" {
	stop_program pushd
	run -75 --separate-stderr tidings disconnect "$user"
	[ -z "$output" ]
	[[ $stderr == "tidings disconnect: $user: cannot reach the push daemon at "* ]]
	run -0 --separate-stderr tidings disconnect "$user" --revoke
	[ "$output" = "$user: tokens issued until now are refused" ]
	[[ $stderr == "tidings disconnect: $user: cannot reach the push daemon at "* ]]
	run -0 --separate-stderr tidings disconnect "$user" --revoke --json
	of_json '. == {userId: "'"$user"'", revoked: true, count: null}'
	for call in connections log-level 'disconnect --all --yes'; do
		# shellcheck disable=SC2086 # words
		run -75 --separate-stderr tidings $call
		[ -z "$output" ]
	done
	start_pushd
}

@test "disconnect --revoke without the store: 75, and it is told that nothing was revoked" {
	hold "$user" 1
	stop_program stored
	run -75 --separate-stderr tidings disconnect "$user" --revoke
	[ -z "$output" ]
	[[ $stderr == *'cannot reach the store'* ]]
	start_stored
	expect_ends 1 '4403 disconnected'
	release
	hold "$user" 1
	release
}

@test "log-level: is told, and changed while it runs" {
	run -0 --separate-stderr tidings log-level
	[ "$output" = info ]
	[ -z "$stderr" ]
	run -0 tidings log-level debug
	[ "$output" = debug ]
	run -0 tidings log-level --json
	of_json '. == {level: "debug"}'
	run -0 tidings log-level info
	[ "$output" = info ]
}

@test "who has no right is told, and nothing is done" {
	local -a as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	[ "$(id -u)" = 0 ] && "${as[@]}" true || skip "this takes root"
	cp "$dir/tidings.conf" "$top_builddir/cli/tidings" .
	chmod -R a+rX . "$dir" # to the socket
	"${as[@]}" ./tidings --version || skip "the build directory is out of the reach of others"
	hold "$user" 1
	for call in connections "disconnect $user" 'disconnect --all --yes' 'log-level debug'; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr "${as[@]}" ./tidings $call --config tidings.conf
		[ -z "$output" ]
		[[ $stderr == *'the push daemon refused: '*'; members of the group tidings may do everything' ]]
	done
	run -0 tidings disconnect "$user"
	[ "$output" = "$user: 1 connection closed" ]
	run -0 tidings log-level
	[ "$output" = info ]
	release
}

@test "without a control socket it says so" {
	sed "s|^control = .*|control =|" "$TIDINGS_CONFIG" >other.conf
	for call in connections "disconnect $user" log-level; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr tidings $call --config other.conf
		[ -z "$output" ]
		[[ $stderr == *'the push daemon has no control socket: control in section push of the configuration is empty' ]]
	done
	run -0 --separate-stderr tidings stats --json --config other.conf
	of_json '.push == null and .store.uptime >= 0'
	[ -z "$stderr" ]
}
