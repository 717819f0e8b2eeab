#!/usr/bin/env bats
# shellcheck disable=SC2154 # set elsewhere
# The benchmarks stay in order: in small, they print every figure, and leave nothing
# behind. What the figures are is nobody's business here, but for one that shows that
# the bare loop still writes what the store writes.
bats_require_minimum_version 1.5.0

: "${top_srcdir:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${top_builddir:=$top_srcdir}"
export top_builddir

setup() {
	export TMPDIR=$BATS_TEST_TMPDIR
	cd "$BATS_TEST_TMPDIR" || return
	mkdir scratch
	TMPDIR=$PWD/scratch
}

store() {
	"$top_builddir/tests/bench/store" "$@"
}

push() {
	"$top_builddir/tests/bench/push" "$@"
}

nothing_is_left() {
	[ -z "$(ls -A scratch)" ]
}

# refute_running DIRECTORY: no process has it in its command line
refute_running() {
	[ -z "$(grep -lsF "$1" /proc/[0-9]*/cmdline)" ]
}

# names MEASUREMENT: those of its rows, in order
names() {
	jq -r --arg measurement "$1" 'select(.measurement == $measurement) | .name' rows
}

# expect_names MEASUREMENT: those on standard input
expect_names() {
	diff <(names "$1") -
}

@test "the store's benchmark prints every figure" {
	store --json --seconds=0 --inbox=1000 --users=1000 >rows
	nothing_is_left
	jq -es 'length > 0 and all(
		(.program == "store") and (.unit | type == "string") and (.value | type == "number")
		and (has("against") == has("reference")) and (has("against") == has("ratio"))
		and (has("bound") == has("met")))' rows
	for durability in sync write; do
		for clients in 1 16 64; do
			echo "$durability, clients $clients"
			echo "$durability, clients $clients, cpu of a create"
			echo "$durability, clients $clients, log of a create"
		done
	done | expect_names creates
	for step in "first page of the list" "unread count" create "mark the newest read" \
		"delete the newest" "mark any read"; do
		printf '%s\n' "$step, p50" "$step, p99"
	done | expect_names growth
	for step in "read all" "delete all"; do
		printf "$step, %s\n" request "all rows" "count p50" "count p99" "count max"
	done | expect_names bulk
	expect_names memory <<<"resident, after all of the above"
	printf '%s\n' "request, p50" "request, p99" "log of a request" | expect_names broadcast
	printf 'to the first answer, %s\n' median max | expect_names restart
	{
		printf 'count among creates, %s\n' p50 p99 p99.9 max
		echo "log written meanwhile"
	} | expect_names stalls
}

@test "the push daemon's benchmark prints every figure" {
	push --json --seconds=0 --clients=50 >rows 2>notes
	nothing_is_left
	jq -es 'length > 0 and all(
		(.program == "push") and (.unit | type == "string") and (.value | type == "number")
		and (has("against") == has("reference"))
		and (has("against") == has("ratio")) and (has("bound") == has("met")))' rows
	printf 'of %s\n' "an idle client" "the push daemon without clients" | expect_names memory
	{
		echo "clients of users who never came"
		echo clients
		printf 'cpu of a client, %s\n' pushd stored "its own"
	} | expect_names accept
	printf '%s\n' "until the last client has it" "cpu of a message" | expect_names broadcast
	expect_names absent <<<"cpu of a change that concerns nobody"
	printf 'to the first client, %s\n' median max | expect_names start
}

@test "figures through the web server are printed where there is one" {
	push --json --seconds=0 --clients=50 --only=latency --only=stalled --only=http >rows 2>notes
	nothing_is_left
	if [ ! -x /usr/sbin/lighttpd ]; then
		[ "${CI-}" != true ]
		[ ! -s rows ]
		[ "$(grep -c 'is left out: lighttpd is not installed' notes)" = 3 ]
		return
	fi
	for step in write "an answer of who only reads" sync "a flush of the disk"; do
		printf "$step, %s\n" p50 p99 max
	done | expect_names latency
	printf '%s\n' "p99 of who reads, write" "memory of who does not read" | expect_names stalled
	expect_names http <<<"creates, sync, connections 64"
}

@test "the bare loop logs as much for a create as the store" {
	store --json --seconds=0 --only=creates >rows
	jq -es 'map(select(.name | endswith("clients 1, log of a create")))
		| length == 2 and all(.ratio > 0.95 and .ratio < 1.05)' rows
}

@test "a table shows the figures to people" {
	run store --seconds=0 --only=restart
	[ "$status" = 0 ]
	[[ "${lines[0]}" == *store*reference*ratio*target* ]]
	[ "${lines[1]}" = restart ]
	[[ "${lines[2]}" == "  to the first answer, median "*" ms "*"<= 500"* ]]
}

@test "a signal ends it, and nothing is left" {
	coproc bench { exec "$top_builddir/tests/bench/store" --json --seconds=3600 --only=restart \
		--only=stalls; }
	local pid=$bench_PID result=0
	read -r -t 60 line <&"${bench[0]}"
	[ -n "$line" ]
	kill -TERM "$pid"
	wait "$pid" || result=$?
	[ "$result" = 137 ]
	nothing_is_left
}

@test "a signal ends all clients and servers too" {
	coproc bench { exec "$top_builddir/tests/bench/push" --json --seconds=3600 --clients=50 \
		--only=memory --only=latency; }
	local pid=$bench_PID result=0
	read -r -t 60 line <&"${bench[0]}"
	[ -n "$line" ]
	kill -TERM "$pid"
	wait "$pid" || result=$?
	[ "$result" = 137 ]
	nothing_is_left
	refute_running "$TMPDIR"
}

@test "what cannot be measured is said" {
	for program in store push; do
		run "$program" --only=nonsense
		[ "$status" = 2 ]
		[[ "$output" == *"nothing is called nonsense"* ]]
	done
	run env top_builddir=/nonexistent "$top_builddir/tests/bench/store" --only=restart
	[ "$status" = 1 ]
	nothing_is_left
	run env top_builddir=/nonexistent "$top_builddir/tests/bench/push" --only=memory
	[ "$status" = 1 ]
	nothing_is_left
	run bash -c 'ulimit -n 1000 && exec "$0" --clients=901' "$top_builddir/tests/bench/push"
	[ "$status" = 1 ]
	[[ "$output" == *"1000 descriptors"*"too few for 901 clients"* ]]
}
