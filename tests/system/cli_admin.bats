#!/usr/bin/env bats
# shellcheck disable=SC2154 # set elsewhere
# What an administrator does with tidings: broadcasts, withdrawing, forgetting, revoking
# tokens; and how export and import are called.
bats_require_minimum_version 1.5.0
load common
load cli

NOBODY=01890000-0000-7000-8000-000000000000 # the id of nothing

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

titles() {
	tidings list "$1" --json | jq -c '[.notifications[].title]'
}

@test "wrong usage ends with 2, says what is wrong, and does nothing" {
	local wrong
	tidings send "$user" Title Message
	while IFS= read -r wrong; do
		echo "# $wrong"
		eval "run -2 --separate-stderr tidings $wrong </dev/null"
		[ -z "$output" ]
		[[ $stderr == "tidings"*": "* ]]
	done <<-'END'
		broadcast
		broadcast title
		broadcast title message more
		broadcast title message --type bad
		broadcast '' message
		broadcast title message --key ''
		broadcast title message --stdin
		send $user title message --key ''
		send - --key k
		withdraw
		withdraw $user
		withdraw $user nonsense
		withdraw --broadcast
		withdraw --broadcast nonsense
		withdraw '' $NOBODY
		forget
		forget ''
		forget a b
		forget $user
		export a
		export --user ''
		import a b
	END
	[ "$(unread "$user")" = 1 ]
}

@test "without a store everything ends with 75" {
	local call
	sed "s|^socket = .*|socket = $PWD/none|" "$TIDINGS_CONFIG" >other.conf
	export TIDINGS_CONFIG=$PWD/other.conf
	line_for "$user" >lines
	while IFS= read -r call; do
		echo "# $call"
		eval "run -75 --separate-stderr tidings $call <lines"
		[ -z "$output" ]
		[[ $stderr == "tidings ${call%% *}: "*"cannot reach the store at $PWD/none: No such file or directory" ]]
	done <<-'END'
		broadcast title message
		send a title message --key k
		withdraw a $NOBODY
		withdraw --broadcast $NOBODY $NOBODY
		forget a --yes
		disconnect a --revoke
		export
		import lines
		import -
	END
}

@test "who has no right is told which groups have it" {
	local -a as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	[ "$(id -u)" = 0 ] && "${as[@]}" true || skip "this takes root"
	cp "$dir/tidings.conf" "$top_builddir/cli/tidings" .
	chmod -R a+rX . "$dir" # to the socket
	"${as[@]}" ./tidings --version || skip "the build directory is out of the reach of others"
	run -1 --separate-stderr "${as[@]}" ./tidings count a --config tidings.conf
	[[ $stderr == *': Permission denied; members of the group tidings have access'* ]]
}

@test "broadcast reaches every user there is, once, and prints its id" {
	local id
	tidings send "$user" Own Message
	id=$(tidings broadcast 'To all' Message --type warning --link /all --category news \
		--data '{"n":1.50}' --expires 2h)
	tidings send "$user-late" Own Message
	run -0 tidings list "$user" --json
	of_json ".notifications[0].id == \"$id\" and .notifications[0].broadcast"
	of_json '.notifications[0] | .title == "To all" and .type == "warning" and .link == "/all"
		and .category == "news" and .expiresAt and (has("userId") | not)'
	of_json '.total == 2 and .unreadCount == 2'
	[[ $output == *'"data":{"n":1.50}'* ]]
	[ "$(titles "$user-late")" = '["Own"]' ]
	tidings withdraw --broadcast "$id"
}

@test "watch shows broadcasts and commands, as they are for everybody and for one" {
	local id
	tidings send "$user" Own Message
	watch_changes --json --user "$user"
	next_change
	id=$(tidings broadcast 'To all' Message)
	next_change
	of_json ".op == \"broadcast_created\" and .ids == [\"$id\"] and .notification.title == \"To all\""
	of_json '(has("userId") or has("seq") or has("unreadCount")) | not'
	tidings withdraw --broadcast "$id"
	next_change
	of_json ".op == \"broadcast_withdrawn\" and .ids == [\"$id\"]"
	tidings disconnect "$user-other" --revoke
	tidings disconnect "$user" --revoke
	next_change
	of_json ".op == \"revoked\" and .userId == \"$user\""
	run -0 tidings forget "$user" --yes --json
	of_json ". == {userId: \"$user\", count: 1}"
	next_change
	of_json '.op == "forgotten"'
	kill -INT "$watcher"
	wait "$watcher"

	watch_changes
	next_change
	id=$(tidings broadcast 'To all' Message)
	next_change
	[[ $output =~ ^[0-9T:.-]{23}Z\ +created\ +-\ +\*\ +To\ all:\ Message$ ]]
	tidings withdraw --broadcast "$id"
	next_change
	[[ $output =~ ^[0-9T:.-]{23}Z\ +withdrawn\ +-\ +\*\ +$id$ ]]
	kill -INT "$watcher"
	wait "$watcher"
}

@test "send --key sends once, however often it is called" {
	local id call="send $user Title Message --key $user --expires 2h"
	# shellcheck disable=SC2086 # words
	id=$(tidings $call)
	run -0 --separate-stderr tidings $call
	[ "$output" = "$id" ]
	[ -z "$stderr" ]
	run -0 tidings $call --json
	of_json ".id == \"$id\" and .title == \"Title\" and .replayed == true"
	[ "$(titles "$user")" = '["Title"]' ]
	run -1 --separate-stderr tidings send "$user" Title Other --key "$user"
	[ -z "$output" ]
	[ "$stderr" = 'tidings send: this key was used within the last day, for something else' ]
	[ "$(titles "$user")" = '["Title"]' ]
	run -0 tidings send "$user" Another Message --key "$user-2" --json
	of_json 'has("replayed") | not'
}

@test "broadcast --key has keys of its own" {
	local id
	tidings send "$user" Title Message --key "$user"
	id=$(tidings broadcast Title Message --key "$user")
	run -0 tidings broadcast Title Message --key "$user"
	[ "$output" = "$id" ]
	[ "$(titles "$user")" = '["Title","Title"]' ]
	tidings withdraw --broadcast "$id"
}

@test "withdraw takes notifications out of an inbox, and tells which there are not" {
	local a b broadcast
	a=$(tidings send "$user" a m)
	b=$(tidings send "$user" b m)
	tidings send "$user" c m
	broadcast=$(tidings broadcast d m)
	run -0 tidings withdraw "$user" "$a" "$b"
	[ "$output" = '2 withdrawn' ]
	[ "$(titles "$user")" = '["d","c"]' ]
	run -1 --separate-stderr tidings withdraw "$user" "$a"
	[ -z "$output" ]
	[ "$stderr" = "tidings withdraw: $a: there is no such notification" ]
	run -1 --separate-stderr tidings withdraw "$user" "$broadcast"
	run -1 --separate-stderr tidings withdraw --broadcast "$NOBODY" "$broadcast" --json
	of_json '. == {count: 1}'
	[ "$stderr" = "tidings withdraw: $NOBODY: there is no such notification" ]
	[ "$(titles "$user")" = '["c"]' ]
}

@test "forget asks on a terminal, and needs --yes elsewhere" {
	tidings send "$user" a m
	run -2 --separate-stderr tidings forget "$user" </dev/null
	[ "$stderr" = 'tidings forget: there is no terminal to ask on: nothing was done; --yes does it unasked' ]
	answering n "'$top_builddir/cli/tidings' forget $user; echo status \$?"
	[[ $output == *"Forget $user, with 1 notification? [y/N] "*'nothing was done'*'status 1'* ]]
	answering yesterday-and-more "'$top_builddir/cli/tidings' forget $user; echo status \$?"
	[[ $output == *'nothing was done'*'status 1'* ]]
	[ "$(unread "$user")" = 1 ]
	answering yes "'$top_builddir/cli/tidings' forget $user; echo status \$?"
	[[ $output == *"$user forgotten, with 1 notification"*'status 0'* ]]
	[ "$(unread "$user")" = 0 ]
	run -0 tidings forget "$user" -y
	[ "$output" = "$user forgotten, with 0 notifications" ]
}
