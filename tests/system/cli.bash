# What the tests of tidings share, beside common.bash.

tidings() {
	"$top_builddir/cli/tidings" "$@"
}

# line_for USER [TITLE [MEMBERS]]: as tidings send - takes it
line_for() {
	printf '{"userId":"%s","type":"info","title":"%s","message":"Message"%s}\n' \
		"$1" "${2-Title}" "${3:+,$3}"
}

# lines_for USER COUNT [MEMBERS]: so many, with the titles 1, 2 ...
lines_for() {
	seq "$2" | sed "s|.*|$(line_for "$1" '&' "${@:3}")|"
}

# unread USER: how many, as the store says
unread() {
	tidings count "$1" --json | jq .unreadCount
}

# of_json FILTER: jq finds it true of $output
of_json() {
	jq -e "$1" <<<"$output" >/dev/null || {
		echo "not so: $1"
		echo "$output"
		return 1
	}
}

# watch_changes [OPTION...]: begins to watch; what comes is read from $changes
watch_changes() {
	exec {changes}< <(exec "$top_builddir/cli/tidings" watch "$@" 2>"$BATS_TEST_TMPDIR/watch.err")
	watcher=$!
}

# next_change: the next line of it, in $output
next_change() {
	IFS= read -r -t 20 -u "$changes" output
}

# in_terminal COLUMNS COMMAND: its output on a terminal of that width, in $output
in_terminal() {
	output=$(TERM=xterm script -qec "stty cols $1 && $2" /dev/null </dev/null | tr -d '\r')
}

# answering TEXT COMMAND: its output where it can ask on a terminal, in $output
answering() {
	output=$(script -qec "$2" /dev/null <<<"$1" | tr -d '\r')
}
