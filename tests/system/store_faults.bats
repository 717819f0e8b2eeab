#!/usr/bin/env bats
# shellcheck disable=SC2154 # set elsewhere
# What tidings-stored does where its files are not as it left them: it refuses to start, says
# what to do, and changes nothing.
bats_require_minimum_version 1.5.0
load common
load cli

setup() {
	begin_tests
	start_stored
}

teardown() {
	end_tests
}

# fill COUNT: notifications of one user
fill() {
	lines_for alice "$1" | tidings send - >/dev/null 2>&1
}

# refuses PATTERN...: it does not start, and says all of these
refuses() {
	local pattern

	run -1 timeout 60 "$top_builddir/stored/tidings-stored" --config "$TIDINGS_CONFIG"
	for pattern in "$@"; do
		grep -q -- "$pattern" <<<"$output" || fail_with "it does not say: $pattern; but: $output"
	done
}

# damage FILE OFFSET: some bytes are others
damage() {
	printf 'damaged!damaged!damaged!' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

contents() {
	(cd "$dir/home" && find data log -type f -exec sha256sum {} + | sort)
}

@test "a damaged table is told, with what to do" {
	fill 300
	stop_program stored
	damage "$dir/home/data/users.db" 12
	refuses "$dir/home" 'restore a backup'
}

@test "a damaged page deep in a table fails the requests that need it, and no others" {
	local last

	fill 3000
	tidings send bob Title Message
	stop_program stored
	last=$(($(stat -c %s "$dir/home/data/notifications.db") - 4096))
	damage "$dir/home/data/notifications.db" $((last / 2 / 4096 * 4096 + 200))
	run -1 "$top_builddir/stored/tidings-stored" --check "$dir/home"
	grep -q notifications <<<"$output" || fail_with "the check does not name the table: $output"
}

@test "a log that is damaged before the end of what recovery needs is told" {
	fill 500
	kill_program stored
	damage "$dir/home/log/log.0000000001" 2000
	refuses "$dir/home" 'restore a backup'
}

@test "logs that are gone are told: what the tables hold is beyond the end of the log" {
	fill 300
	stop_program stored
	rm "$dir"/home/log/*
	refuses "$dir/home" 'restore a backup'
}

@test "a table that is gone is told, and not made anew" {
	local table

	fill 300
	stop_program stored
	for table in notifications meta due; do
		mv "$dir/home/data/$table.db" "$dir/kept"
		refuses 'restore a backup'
		[ ! -e "$dir/home/data/$table.db" ]
		mv "$dir/kept" "$dir/home/data/$table.db"
	done
	start_stored
	[ "$(unread alice)" = 300 ]
}

@test "a second owner is refused, even if somebody removes what looks like a lock" {
	fill 10
	rm -f "$dir"/home/*.lock "$dir"/home/lock
	refuses "another tidings-stored has it open"
	fill 10
	[ "$(tidings list alice --json | jq .total)" = 20 ]
}

@test "a home that is a file, or not writable by anybody, is told" {
	stop_program stored
	mv "$dir/home" "$dir/elsewhere"
	: >"$dir/home"
	refuses "$dir/home"
	rm "$dir/home"
	mv "$dir/elsewhere" "$dir/home"
}

@test "a start that is refused changes nothing" {
	local before

	fill 300
	stop_program stored
	damage "$dir/home/data/users.db" 12
	before=$(contents)
	refuses 'restore a backup'
	[ "$(contents | grep -v ' log/')" = "$(grep -v ' log/' <<<"$before")" ]
}
