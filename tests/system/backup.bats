#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2012 # set elsewhere; names without anything strange
# Backups of a store that is in use, what is done with them, and what becomes of them when
# something goes wrong. That they are consistent under load is for backup_load to say.
bats_require_minimum_version 1.5.0
load common
load cli

interrupt=$top_builddir/tests/system/interrupt

setup() {
	begin_tests
	mkdir "$dir/backups"
	backups=$dir/backups
	home=$dir/home
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_tests
}

check() {
	"$top_builddir/stored/tidings-stored" --check "$@"
}

# titles USER: what the user has
titles() {
	tidings list "$1" --json | jq -c '[.notifications[].title]'
}

# backups_there: their names, and those of what is none
backups_there() {
	ls "$backups"
}

# damaging_tool FILE: a tidings of its own in $tool, whose tidings-stored damages a file of
# each store before it checks it
damaging_tool() {
	mkdir -p "$dir/bin/cli" "$dir/bin/stored"
	cp "$top_builddir/cli/tidings" "$dir/bin/cli/"
	cat >"$dir/bin/stored/tidings-stored" <<-PROGRAM
		#!/bin/sh
		printf damaged | dd of="\$2/data/$1" bs=1 seek=8000 conv=notrunc 2>/dev/null
		exec "$top_builddir/stored/tidings-stored" "\$@"
	PROGRAM
	chmod +x "$dir/bin/stored/tidings-stored"
	tool=$dir/bin/cli/tidings
}

@test "a backup is made of a store in use, and told with its size and what it holds" {
	start_stored
	tidings send alice one m
	tidings send bob two m
	run -0 --separate-stderr tidings backup "$backups"
	[[ $output =~ ^$backups/tidings-[0-9]{8}T[0-9]{6}Z:\ [0-9.]+\ kB,\ 2\ users,\ 2\ notifications,\ 0\ broadcasts$ ]]
	[ -z "$stderr" ]
	[ "$(backups_there)" = "$(basename "${output%%:*}")" ]
	[ "$(ls "$backups"/*)" = $'data\nlog\nrunning' ]
	[ ! -e "$home/backup" ]
	run -0 check "$backups"/*
	run -0 --separate-stderr tidings backup "$backups" --json
	of_json ".ok and .counted.notifications == 2 and .bytes > 1000 and .problems == [] and .removed == []"
	[ "$(jq -r .path <<<"$output")" = "$backups/$(backups_there | tail -n 1)" ]
	tidings send alice three m
}

@test "--keep removes the oldest, and nothing that is no backup" {
	start_stored
	mkdir "$backups/tidings-20200101T000000Z" "$backups/tidings-20210101T000000Z" \
		"$backups/tidings-20200101T000000Z-damaged" "$backups/tidings-2020" "$backups/mine"
	run -0 tidings backup "$backups"
	[ "$(backups_there | wc -l)" = 6 ]
	run -0 tidings backup --keep 2 "$backups" --json
	of_json '.removed == ["tidings-20200101T000000Z", "tidings-20210101T000000Z"]'
	[ "$(backups_there | wc -l)" = 5 ]
	run -0 tidings backup -k 1 "$backups"
	[[ $output == *$'\nremoved tidings-'* ]]
	[ "$(backups_there | grep -c '^tidings-........T......Z$')" = 1 ]
	[ -d "$backups/mine" ] && [ -d "$backups/tidings-2020" ]
	[ -d "$backups/tidings-20200101T000000Z-damaged" ]
	run -2 tidings backup --keep 0 "$backups"
}

@test "a backup that is not good gets another name, and no older one is removed for it" {
	start_stored
	tidings send alice one m
	tidings backup "$backups"
	damaging_tool users.db
	run -1 --separate-stderr "$tool" backup --keep 1 "$backups"
	[ -z "$output" ]
	[[ $stderr == *"users.db: "* ]]
	[[ $stderr == *"-damaged: the backup is not good"* ]]
	[ "$(backups_there | grep -c -- '-damaged$')" = 1 ]
	[ "$(backups_there | grep -c '^tidings-........T......Z$')" = 1 ]
	[ ! -e "$home/backup" ]
}

@test "what a backup that was broken off has left is removed" {
	start_stored
	mkdir "$home/backup" "$backups/tidings-20200101T000000Z.new"
	stop_program stored
	mkdir -p "$home/backup.new/data" "$home/restore.new/data"
	start_stored
	[ ! -e "$home/backup" ] && [ ! -e "$home/backup.new" ] && [ ! -e "$home/restore.new" ]
	tidings backup "$backups"
	[ "$(backups_there | wc -l)" = 1 ]
}

@test "a tool that is killed leaves nothing in the store" {
	start_stored
	tidings send alice one m
	# Just before it makes the copy's directory: the store has its copy by then
	run -0 "$interrupt" 1 "$top_builddir/cli/tidings" backup "$backups"
	local tries=0
	while [ -e "$home/backup" ] && [ $((tries += 1)) -lt 100 ]; do
		tidings count alice >/dev/null
	done
	[ ! -e "$home/backup" ]
	run -0 tidings backup "$backups"
}

@test "one backup at a time goes into a directory" {
	start_stored
	exec {lock}<"$backups"
	flock "$lock"
	run -75 tidings backup "$backups"
	[[ $output == *"another backup is being made there" ]]
	exec {lock}<&-
	tidings backup "$backups"
}

@test "without room on the store's disk there is no backup" {
	set_config store disk-reserve 1024G
	start_stored
	run -75 tidings backup "$backups"
	[[ $output == *"the store's disk is full" ]]
	[ -z "$(backups_there)" ] && [ ! -e "$home/backup" ] && [ ! -e "$home/backup.new" ]
}

@test "without a store, or a directory, there is no backup" {
	run -75 tidings backup "$backups"
	[[ $output == *"cannot reach the store"* ]]
	start_stored
	run -1 tidings backup "$dir/nowhere"
	[[ $output == *"No such file or directory" ]]
	run -2 tidings backup
}

@test "check looks at a store in use, and at one that is not" {
	start_stored
	tidings send alice one m
	run -0 tidings check
	[ "$output" = "1 user, 1 notification, 0 broadcasts: no problems" ]
	[ ! -e "$home/backup" ]
	run -0 tidings check --json
	of_json '.ok and .counted.unread == 1'
	run -1 --separate-stderr tidings check --home "$home"
	[[ $stderr == *"another tidings-stored has it open"* ]]
	stop_program stored
	run -75 tidings check
	run -0 tidings check --home "$home"
	run -1 tidings check --home "$dir/nowhere"
	damaging_tool unread.db
	run -1 --separate-stderr "$tool" check --home "$home"
	[[ $stderr == *"unread.db: "* ]]
	[[ $output == *"not whole" ]]
	run -1 --separate-stderr "$tool" check --home "$home" --json
	of_json '.ok == false and .problemCount == 1'
}

@test "a backup becomes the store again; what there was is kept" {
	local epoch
	start_stored
	tidings send alice one m
	tidings backup "$backups"
	tidings send alice two m
	watch_changes --json
	next_change
	epoch=$(jq -r .epoch <<<"$output")
	run -75 tidings restore --yes "$backups"/*
	[[ $output == *"tidings-stored has it open: nothing was done; stop it first" ]]
	[ "$(titles alice)" = '["two","one"]' ]
	stop_program stored
	run -0 --separate-stderr tidings restore --yes "$backups"/* --json
	of_json '.ok and .counted.notifications == 1'
	before=$(jq -r .before <<<"$output")
	[[ $before == $home/before-restore-* ]]
	start_stored
	[ "$(titles alice)" = '["one"]' ]
	next_change
	of_json ".epoch != \"$epoch\""
	kill -INT "$watcher"
	stop_program stored
	run -0 check "$home"
	run -0 check "$before"
	# And back: it is a store like any other
	run -0 tidings restore -y "$before"
	start_stored
	[ "$(titles alice)" = '["two","one"]' ]
}

@test "the newest of several backups is restored" {
	start_stored
	tidings send alice one m
	tidings backup "$backups"
	tidings send alice two m
	tidings backup "$backups"
	mkdir "$backups/tidings-99990101T000000Z-damaged" "$backups/other"
	tidings send alice three m
	stop_program stored
	run -0 tidings restore --latest --yes "$backups"
	[[ $output == "$backups/tidings-"*" is restored: 1 user, 2 notifications, "* ]]
	start_stored
	[ "$(titles alice)" = '["two","one"]' ]
	stop_program stored
	mkdir empty
	run -1 tidings restore --latest --yes empty
	[[ $output == *"there is no backup in it" ]]
}

@test "it asks before, on a terminal" {
	start_stored
	tidings send alice one m
	tidings backup "$backups"
	tidings send alice two m
	stop_program stored
	run -2 tidings restore "$backups"/* </dev/null
	[[ $output == *"--yes"* ]]
	answering no "$top_builddir/cli/tidings restore $(echo "$backups"/*)"
	[[ $output == *"in the place of the store in $home?"*"nothing was done"* ]]
	[ "$(ls "$home")" = $'data\nlog' ]
	answering yes "$top_builddir/cli/tidings restore $(echo "$backups"/*)"
	start_stored
	[ "$(titles alice)" = '["one"]' ]
}

@test "a backup that is not good does not become the store" {
	start_stored
	tidings send alice one m
	tidings backup "$backups"
	tidings send alice two m
	stop_program stored
	printf damaged | dd of="$(echo "$backups"/*/data/users.db)" bs=1 seek=8000 conv=notrunc
	run -1 tidings restore --yes "$backups"/*
	[[ $output == *"users.db: "*"the backup is not good: nothing was changed" ]]
	rm -r "$backups"/*/log
	run -1 tidings restore --yes "$backups"/*
	[[ $output == *"cannot copy from "*": No such file or directory" ]]
	run -1 tidings restore --yes "$dir/nowhere"
	run -1 tidings restore --yes "$backups"
	[ "$(ls "$home")" = $'data\nlog' ]
	start_stored
	[ "$(titles alice)" = '["two","one"]' ]
}

@test "owner, group and modes are those of the home directory" {
	[ "$(id -u)" = 0 ] || skip "only root can give files away"
	start_stored
	tidings send alice one m
	tidings backup "$backups"
	stop_program stored
	chmod 711 "$dir"
	chown -R 12345:23456 "$home"
	run -0 tidings restore --yes "$backups"/*
	[ -z "$(find "$home" ! \( -user 12345 -group 23456 \))" ]
	[ -z "$(find "$home" -type f -perm /027)" ]
	run -0 check "$home"
	[ -z "$(find "$home" ! \( -user 12345 -group 23456 \))" ]
}

# Whichever step a restore is broken off at, what is there is the former store, or none
# that can be opened; and the next attempt comes to its end, with the former store kept.
@test "a restore that is broken off can be repeated, and leaves no half store" {
	local number result refused=0
	start_stored
	tidings send alice one m
	tidings backup "$backups"
	tidings send alice two m
	kill_program stored
	cp -a "$home" "$dir/former"
	for ((number = 1; ; number++)); do
		result=0
		"$interrupt" "$number" "$top_builddir/cli/tidings" restore --yes "$backups"/* || result=$?
		[ "$result" != 3 ] || break
		[ "$result" = 0 ]
		if start_stored 2>/dev/null; then
			[ "$(titles alice)" = '["two","one"]' ] || [ ! -e "$home/restoring" ]
			[ "$(titles alice)" = '["two","one"]' ] || [ "$(titles alice)" = '["one"]' ]
			stop_program stored
		else
			[ -e "$home/restoring" ]
			grep -q "a restore was begun and did not come to its end" "$dir/stored.log"
			refused=$((refused + 1))
		fi
		run -0 tidings restore --yes "$backups"/*
		[ ! -e "$home/restoring" ] && [ ! -e "$home/restore.new" ]
		start_stored
		[ "$(titles alice)" = '["one"]' ]
		stop_program stored
		run -0 check "$home"
		set_config store home "$(echo "$home"/before-restore-*)"
		start_stored
		[ "$(titles alice)" = '["two","one"]' ]
		stop_program stored
		set_config store home "$home"
		rm -r "$home"
		cp -a "$dir/former" "$home"
	done
	echo "broken off at $((number - 1)) steps; $refused times nobody could open the store"
	[ "$number" -gt 12 ]
	[ "$refused" -ge 5 ]
}
