#!/usr/bin/env bats
# shellcheck disable=SC2154 # set elsewhere
# A store that version 1 has left, killed with a bulk operation pending: tests/data has
# it, and the lists that the program of then gave of its users.
bats_require_minimum_version 1.5.0
load common
load cli

setup() {
	command -v xz >/dev/null || skip "xz is not installed"
	begin_tests
	set_config store retention-days 0
	set_config store max-per-user 0
	lists=$top_srcdir/tests/data/store-1.jsonl
	tar -xJf "$top_srcdir/tests/data/store-1.tar.xz" -C "$dir/home" --no-same-owner
	now=$(date -u +%FT%T.000Z)
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_tests
}

check() {
	"$top_builddir/stored/tidings-stored" --check "$@"
}

# What the lists say that is not over by now, as the present program says it; without the
# numbers that expiry itself changes
lists_then() {
	jq -cS --arg now "$now" '.notifications |= map(select((.expiresAt // "9") > $now))
		| {notifications, nextCursor}' "$lists"
}

lists_now() {
	local user

	for user in anna bob carl dora; do
		tidings list "$user" --json --limit 100
	done | jq -cS '{notifications, nextCursor}'
}

@test "a store of version 1 is opened, and everything is there" {
	start_stored
	diff <(lists_then) <(lists_now)
	[ "$(lists_now | grep -c notifications)" = 4 ]
	if [[ $now < 2027-06-01 ]]; then
		diff <(jq -c '[.total, .unreadCount, .unseenCount, .seq]' "$lists") \
			<(for user in anna bob carl dora; do tidings list "$user" --json; done |
				jq -c '[.total, .unreadCount, .unseenCount, .seq]')
	fi
	stop_program stored
	run -0 check "$dir/home"
}

@test "what will end is listed, so that it does" {
	local ends
	ends=$(lists_then | jq -s '[.[].notifications[] | select(.expiresAt)] | length')
	[ "$ends" -ge 1 ]
	start_stored
	stop_program stored
	run -0 check "$dir/home" --json
	of_json ".counted.due == $ends"
}

@test "it is kept as it was" {
	start_stored
	grep -q "kept as it was in $dir/home/before-schema-2" "$dir/stored.log"
	stop_program stored
	run -1 check "$dir/home/before-schema-2"
	[[ $output == *"schema version 1"* ]]
	[ ! -e "$dir/home/before-schema-2/data/broadcasts.db" ]
	# It can be migrated itself
	set_config store home "$dir/home/before-schema-2"
	start_stored
	diff <(lists_then) <(lists_now)
}

@test "it is not migrated twice" {
	start_stored
	stop_program stored
	rm -r "$dir/home/before-schema-2"
	: >"$dir/stored.log"
	start_stored
	refute grep -E 'schema|kept' "$dir/stored.log"
	[ ! -e "$dir/home/before-schema-2" ]
	diff <(lists_then) <(lists_now)
}

@test "without room for the copy nothing is changed" {
	set_config store disk-reserve 1024G
	run ! start_stored
	grep -q "cannot be copied before it is changed: No space left" "$dir/stored.log"
	[ ! -e "$dir/home/before-schema-2" ]
	run -1 check "$dir/home"
	[[ $output == *"schema version 1"* ]]
	set_config store disk-reserve 1M
	start_stored
	diff <(lists_then) <(lists_now)
}
