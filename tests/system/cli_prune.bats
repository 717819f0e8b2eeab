#!/usr/bin/env bats
# shellcheck disable=SC2154 # set elsewhere
# What removes many notifications at once: delete and prune, with what they tell before; the dry
# run of forget; figures that are watched.
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

setup() {
	user=user$BATS_TEST_NUMBER
	cd "$BATS_TEST_TMPDIR" || return
}

# total USER, unread USER
total() {
	tidings count "$1" --json | jq .total
}

# of AGE-IN-DAYS USER TYPE [MORE]: a line to import
line_of() {
	printf '{"userId":"%s","type":"%s","title":"T","message":"M","createdAt":"%s"%s}\n' "$2" "$3" \
		"$(date -u -d "-$1 days" +%FT%T.000Z)" "${4-}"
}

@test "wrong usage ends with 2, says what is wrong, and removes nothing" {
	tidings send "$user" Title Message
	while IFS= read -r wrong; do
		echo "# $wrong"
		eval "run -2 --separate-stderr tidings $wrong </dev/null"
		[ -z "$output" ]
		[[ $stderr == "tidings"*": "* ]]
	done <<-'END'
		delete
		delete ''
		delete $user
		delete $user nonsense
		delete $user --all
		delete $user --read
		delete $user --all --read --yes
		delete $user $NOBODY --all --yes
		delete $user $NOBODY --dry-run
		prune
		prune --yes
		prune --older-than=1d
		prune --older-than=1 --yes
		prune --older-than=-1d --yes
		prune --older-than=1d --type=bad --yes
		prune --older-than=1d --category=BAD --yes
		prune --older-than=1d --user= --yes
		prune operand --older-than=1d --yes
		stats --every 1
		stats --watch --every 0
		completion
		completion fish
		completion bash zsh
	END
	[ "$(total "$user")" = 1 ]
}

@test "delete takes ids, all, or those that are read" {
	for title in One Two Three Four; do
		tidings send "$user" "$title" Message >>ids
	done
	run -1 --separate-stderr tidings delete "$user" "$(sed -n 1p ids)" "$NOBODY"
	[ "$output" = '1 deleted, 3 unread now' ]
	[[ $stderr == *"$NOBODY"* ]]
	tidings read "$user" "$(sed -n 2p ids)"
	[ "$(tidings delete "$user" --read --dry-run)" = '1 would be deleted' ]
	[ "$(tidings delete "$user" --all --dry-run --json)" = '{"count":3,"dryRun":true}' ]
	[ "$(total "$user")" = 3 ]
	run -0 tidings delete "$user" --read --yes --json
	[ "$(jq -c '[.count, .unreadCount]' <<<"$output")" = '[1,2]' ]
	[ "$(tidings delete "$user" --all --yes)" = '2 deleted, 0 unread now' ]
	[ "$(total "$user")" = 0 ]
}

@test "a broadcast is deleted for one user only" {
	for one in "$user" "$user-other"; do tidings send "$one" Title Message; done
	id=$(tidings broadcast Title Message)
	tidings delete "$user" "$id"
	[ "$(total "$user")" = 1 ]
	[ "$(total "$user-other")" = 2 ]
	tidings withdraw --broadcast "$id"
}

@test "prune removes what is older, of whom and of which kind it is told" {
	{
		line_of 40 "$user-a" info
		line_of 40 "$user-a" error ',"category":"billing"'
		line_of 40 "$user-b" info ',"read":true'
		line_of 2 "$user-a" info
		line_of 0 "$user-b" info
	} | tidings import -
	counts() { echo "$(total "$user-a") $(total "$user-b")"; }
	[ "$(tidings prune --older-than=30d --dry-run)" = '3 would be removed' ]
	[ "$(tidings prune --older-than=1d --user="$user-a" --dry-run --json)" = '{"count":3,"dryRun":true}' ]
	[ "$(counts)" = '3 2' ]
	[ "$(tidings prune --older-than=30d --category=billing --yes)" = '1 removed' ]
	[ "$(counts)" = '2 2' ]
	[ "$(tidings prune --older-than=30d --read --type=error --yes)" = '0 removed' ]
	[ "$(tidings prune --older-than=30d --read --yes --json)" = '{"count":1}' ]
	[ "$(counts)" = '2 1' ]
	[ "$(tidings prune --older-than=1d --yes)" = '2 removed' ]
	[ "$(counts)" = '0 1' ]
}

@test "prune goes through many pages, and those who watch are told" {
	line_of 40 "$user" info >line
	for i in $(seq 1000 3499); do sed "s/:[0-9][0-9].000Z/:0${i:0:1}.${i:1}Z/" line; done | tidings import -
	"$top_builddir/cli/tidings" watch --user="$user" --json >changes 3>&- &
	watcher=$!
	await_watcher() { tidings send "$user" Now Message >/dev/null && [ -s changes ]; }
	for _ in $(seq 200); do await_watcher && break || sleep 0.05; done
	new=$(total "$user")
	[ "$(tidings prune --older-than=30d --yes)" = '2500 removed' ]
	[ "$(total "$user")" = $((new - 2500)) ]
	for _ in $(seq 200); do
		[ "$(grep -c '"op":"withdrawn"' changes)" -lt 2500 ] || break
		sleep 0.05
	done
	kill "$watcher"
	[ "$(grep -c '"op":"withdrawn"' changes)" = 2500 ]
}

@test "on a terminal it says how much it is, and asks" {
	line_of 40 "$user" info | tidings import -
	answering n "'$top_builddir/cli/tidings' prune --older-than=30d --user $user"
	[[ $output == *"Remove 1 notification of 1 user?"* ]]
	[ "$(total "$user")" = 1 ]
	answering y "'$top_builddir/cli/tidings' prune --older-than=30d --user $user"
	[[ $output == *"1 removed"* ]]
	[ "$(total "$user")" = 0 ]
}

@test "a dry run of forget tells how much there is, and forgets nobody" {
	tidings send "$user" Title Message
	[ "$(tidings forget "$user" --dry-run)" = "$user would be forgotten, with 1 notification" ]
	[ "$(tidings forget "$user" --dry-run --json | jq -c '[.count, .dryRun]')" = '[1,true]' ]
	[ "$(total "$user")" = 1 ]
}

@test "stats goes on, a line each as JSON, and tells what a second brings on a terminal" {
	set_config push control
	"$top_builddir/cli/tidings" stats --watch --every 1 --json >watched 3>&- &
	watcher=$!
	for _ in $(seq 200); do
		[ "$(wc -l <watched)" -lt 2 ] || break
		tidings send "$user" Title Message
		sleep 0.05
	done
	kill "$watcher"
	[ "$(head -n 2 watched | jq -s 'length == 2 and (.[1].store.notifications.created > .[0].store.notifications.created)')" = true ]
	while :; do tidings send "$user" Title Message; done >/dev/null 3>&- &
	sender=$!
	in_terminal 100 "timeout --foreground 2.5 '$top_builddir/cli/tidings' stats --watch --every 1" || true
	kill "$sender"
	[[ $output == *'A SECOND'* ]]
	[[ $output =~ notifications\ created.*\+[0-9]+\.[0-9] ]]
}

@test "bash completes subcommands, options and their values" {
	completions() { # WORD...: for the last of them
		bash -c '. <(tidings completion bash)
			compopt() { :; }
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			_tidings
			printf "%s\n" "${COMPREPLY[@]}"' - tidings "$@"
	}
	export -f tidings
	[ "$(completions wi)" = withdraw ]
	[ "$(completions prune --older)" = --older-than= ]
	[ "$(completions list --type = w)" = warning ]
	[ "$(completions list -t e)" = error ]
	[ "$(completions log-level d)" = debug ]
	[ "$(completions config '')" = check ]
	[ "$(completions help li)" = list ]
	mkdir dir && touch dir/file
	[ "$(completions list --config = dir/)" = dir/file ]
	[ "$(completions import dir/f)" = dir/file ]
	[ "$(completions backup di)" = dir ]
	[ -z "$(completions list us)" ]
	# All of the tables are in it
	tidings --help | awk '/^  [a-z]/ { print $1 }' >subcommands
	while read -r subcommand; do
		diff <(completions "$subcommand" -- | sort) \
			<(tidings "$subcommand" --help | grep -oE -- '--[a-z-]+=?' | grep -v version | sort -u)
	done <subcommands
}

@test "zsh completes subcommands, options and their values" {
	command -v zsh >/dev/null || { [ "${CI-}" != true ] && skip 'zsh is not installed'; }
	mkdir functions
	tidings completion zsh >functions/_tidings
	cat >drive.zsh <<-'END'
		zmodload zsh/zpty
		# typed TEXT: what the line became when the key for completion was pressed behind it
		typed() {
			zpty shell zsh -f -i
			zpty -w shell "PS1=; fpath=($PWD/functions \$fpath); autoload -U compinit; compinit -u -d $PWD/dump; stty -echo"
			zpty -w shell 'show() { print -r -- "<<$BUFFER>>"; zle accept-line; BUFFER= }; zle -N show; bindkey "^X" show; print ready'
			zpty -r -m shell line '*ready*ready*'
			zpty -n -w shell "$1"$'\t\C-x'
			zpty -r -m shell line '*<<*>>*'
			zpty -d shell
			print -r -- "${${line##*<<}%%>>*}"
		}
		typed "$1"
	END
	completed() { timeout 30 zsh -f drive.zsh "$1"; }
	[[ $(completed 'tidings withd') == 'tidings withdraw'* ]]
	[[ $(completed 'tidings prune --older') == 'tidings prune --older-than='* ]]
	[[ $(completed 'tidings list --type=war') == 'tidings list --type=warning'* ]]
	[[ $(completed 'tidings config ch') == 'tidings config check'* ]]
}
