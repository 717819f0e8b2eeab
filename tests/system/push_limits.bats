# tidings-pushd: limits, heartbeat, and clients that do not read.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

# One of these for each scenario that needs settings of its own
setup_file() {
	begin_tests
	record_traffic
	start_stored
	set_config push max-connections-per-user 3
	start_pushd
	pushd_with refusing push when-full refuse-newest
	pushd_with small push max-connections 10
	pushd_with lively push ping-interval 1 push max-connections-per-user 5
	pushd_with slow push max-connections-per-user 100 push stall-timeout 300
	pushd_with crowd push max-unauthenticated 5 push auth-timeout 300
	pushd_with large push max-message 1M
	pushd_with stalling push stall-timeout 1 push ping-interval 300
	export refusing=$dir/refusing.sock small=$dir/small.sock lively=$dir/lively.sock
	export slow=$dir/slow.sock crowd=$dir/crowd.sock large=$dir/large.sock stalling=$dir/stalling.sock few=$dir/few.sock
}

teardown_file() {
	end_tests
}

descriptors_of() {
	ls "/proc/$(cat "$dir/pids/$1")/fd" | wc -l
}

# Until that program has closed a descriptor
await_fewer_descriptors() {
	local before end=$((SECONDS + 20))

	before=$(descriptors_of "$1")
	while [ "$(descriptors_of "$1")" -ge "$before" ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05 # a descriptor that is closed tells nobody
	done
}

@test "too many messages in a second: 4429" {
	scenario limits too_many_messages
}

@test "the largest message there can be is taken, and one byte more closes with 1009" {
	scenario limits largest_message
}

@test "one connection too many of a user evicts the oldest with 4409" {
	scenario limits oldest_is_evicted
}

@test "or, with refuse-newest, is refused with 4409 itself" {
	scenario limits newest_is_refused
}

@test "one connection too many of all is answered 503" {
	scenario limits all_places_taken
}

@test "who is closed but does not hang up holds no place" {
	scenario limits leavers_hold_no_place
}

@test "one newcomer too many takes the place of the one that has taken longest" {
	scenario limits newcomers_make_room
}

@test "… also where all places are taken" {
	scenario limits newcomers_make_room_for_users
}

@test "with fewer descriptors than places all goes on but for those beyond: 503, no spin" {
	descriptors=64:64 pushd_with narrow
	grep 'max-connections is 100000, but 64 descriptors.* enough for 40: raise LimitNOFILE' "$dir/narrow.log"
	narrow=$dir/narrow.sock scenario limits few_descriptors
	[ "$(grep -c 'all places are taken: ' "$dir/narrow.log")" -ge 1 ]
	[ "$(grep -c 'all places are taken: ' "$dir/narrow.log")" -le 3 ]
}

@test "without a descriptor left a client is answered 503, and nobody is lost" {
	pushd_with few push max-connections-per-user 5
	prlimit --nofile=40: --pid "$(cat "$dir/pids/few")"
	scenario limits out_of_descriptors
}

@test "where not even that is possible it waits, and costs nothing" {
	pushd_with none
	none=$dir/none.sock scenario limits no_descriptors
}

@test "heartbeat: of the protocol with tidings.v1, by JSON without; the mute are closed with 4408" {
	scenario limits heartbeat
}

@test "clients that never read cost bounded memory and nobody else; then they get one update" {
	recording='' scenario limits never_reads # too much to be kept
}

@test "a client that takes nothing for stall-timeout is given up" {
	scenario limits stalls
	grep -E 'slow user user-[^ ]+ at unix: [0-9]+ bytes wait, the last were taken [0-9]+ s ago: closed$' \
		"$dir/stalling.log"
}

@test "the log names a client by its user and its address, which a trusted proxy may tell" {
	pushd_options='--log-level debug' pushd_with verbose web trusted-proxies 'unix, 10.0.0.1'
	verbose=$dir/verbose.sock scenario limits addresses
	activate_program direct port "$top_builddir/pushd/tidings-pushd" \
		--config "$(without_control "$dir/verbose.conf")" --log-level debug
	direct=$port scenario limits own_address
}

@test "3,000 clients at once are greeted, and each gets its own" {
	scenario limits many_clients
}

@test "40 stalled among 200: memory is bounded by their queues, and the others get all" {
	recording='' scenario limits stalled_crowd
}
