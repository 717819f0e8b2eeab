#!/usr/bin/env bats
# shellcheck disable=SC2154 # set elsewhere
# tidings, the administrator's tool, while its store is killed and restarted.
bats_require_minimum_version 1.5.0
load common
load cli

# A store for each test: it ends with the shell that starts it
setup() {
	begin_tests
	set_config store max-per-user 0
	start_stored
	user=alice
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_tests
}

@test "send - waits for a store that restarts, and loses nothing that it did not send" {
	coproc sender { exec "$top_builddir/cli/tidings" send - --json 2>errors; }
	local pid=$sender_PID to=${sender[1]} from=${sender[0]}
	line_for "$user" before >&"$to"
	read -r -t 20 -u "$from" output
	kill_program stored
	line_for "$user" during >&"$to"
	start_stored
	read -r -t 20 -u "$from" output
	of_json '.title == "during"'
	line_for "$user" after >&"$to"
	read -r -t 20 -u "$from" output
	of_json '.title == "after"'
	exec {to}>&-
	wait "$pid"
	[ ! -s errors ]
	[ "$(unread "$user")" = 3 ]
}

@test "what is told as sent is there after the store was killed; the rest is told too" {
	lines_for "$user" 20000 >lines
	mkfifo answers
	tidings send - --json <lines >answers 2>errors &
	local pid=$! from result=0 told failed stored
	exec {from}<answers
	read -r -t 20 -u "$from" output
	echo "$output" >sent
	cat <&"$from" >>sent &
	local reader=$!
	kill_program stored
	start_stored
	wait "$pid" || result=$?
	wait "$reader"
	told=$(wc -l <sent)
	failed=$(grep -c 'whether it was stored is not known' errors || true)
	stored=$(tidings list "$user" --json --limit 1 | jq .seq)
	echo "told $told, failed $failed, stored $stored, result $result"
	[ $((told + failed)) = 20000 ]
	[ "$stored" -ge "$told" ]
	[ "$stored" -le 20000 ]
	[ "$failed" = 0 ] || [ "$result" = 1 ]
	[ "$failed" != 0 ] || [ "$result" = 0 ]
}

@test "watch goes on when the store restarts, and tells a new epoch" {
	local epoch
	watch_changes --json
	next_change
	epoch=$(jq -r .epoch <<<"$output")
	kill_program stored
	start_stored
	tidings send "$user" after m
	next_change
	of_json ".op == \"created\" and .userId == \"$user\""
	stop_program stored
	echo another-boot >"$dir/home/running" # as if the machine had gone down
	start_stored
	next_change
	of_json ".op == \"epoch\" and .epoch != \"$epoch\""
	kill -INT "$watcher"
	wait "$watcher"
}

@test "an import goes on when the store was killed, and stores everything once" {
	lines_for "$user" 20000 >lines
	coproc importer { exec "$top_builddir/cli/tidings" import - 2>errors; }
	local pid=$importer_PID to=${importer[1]}
	head -n 10000 lines >&"$to"
	until [ "$(unread "$user")" -ge 250 ]; do :; done
	kill_program stored
	start_stored
	tail -n 10000 lines >&"$to"
	exec {to}>&-
	wait "$pid"
	[ ! -s errors ]
	[ "$(unread "$user")" = 20000 ]
	[ "$(tidings export --user "$user" | jq -r 'select(.title).title')" = "$(seq 20000)" ]
}

@test "an import that broke off is done again, and nothing is there twice" {
	local result=0
	lines_for "$user" 20000 '"createdAt":"2026-01-31T09:30:00Z"' >lines
	set_config store retention-days 0
	stop_program stored
	start_stored
	coproc importer { exec "$top_builddir/cli/tidings" import - 2>errors; }
	local pid=$importer_PID to=${importer[1]}
	head -n 10000 lines >&"$to"
	until [ "$(unread "$user")" -ge 250 ]; do :; done
	kill -KILL "$pid"
	wait "$pid" || result=$?
	[ "$result" = 137 ]
	[ "$(unread "$user")" -lt 20000 ]
	tidings import lines
	[ "$(unread "$user")" = 20000 ]
}
