# For the tests of tidings-pushd, beside common.bash: scenarios in JavaScript, which have the
# shell start and stop the programs.

# scenario FILE NAME: runs that function of push/FILE.mjs, and what it asks for
scenario() {
	local line pid from to result=0

	command -v node >/dev/null || {
		[ "${CI-}" != true ] || return 1
		skip 'node is not installed'
	}
	coproc scenario_process { exec node "$BATS_TEST_DIRNAME/push/run.mjs" "$@" 3>&-; }
	pid=$scenario_process_PID
	exec {from}<&"${scenario_process[0]}" {to}>&"${scenario_process[1]}"
	while IFS= read -r line <&"$from"; do
		result=0
		eval "$line" >&2 {from}<&- {to}>&- || result=$?
		echo "$result" >&"$to"
	done
	exec {from}<&- {to}>&-
	wait "$pid"
}

# pushd_with NAME [SECTION KEY VALUE]...: a further one, with these settings, at $dir/NAME.sock
# and, for control, $dir/NAME-control.sock;
# with the options in $pushd_options, and where that is set as many descriptors as $descriptors
pushd_with() {
	local name=$1
	local -a command=("$top_builddir/pushd/tidings-pushd")

	shift
	cp -r "$dir/config" "$dir/config.saved"
	cp "$TIDINGS_CONFIG" "$dir/saved.conf"
	set_config push listen "$dir/$name.sock"
	set_config push control "$dir/$name-control.sock"
	while [ $# -gt 0 ]; do
		set_config "$1" "$2" "$3"
		shift 3
	done
	cp "$TIDINGS_CONFIG" "$dir/$name.conf"
	rm -r "$dir/config"
	mv "$dir/config.saved" "$dir/config"
	mv "$dir/saved.conf" "$TIDINGS_CONFIG"
	[ -z "${descriptors-}" ] || command=("$(command -v prlimit)" "--nofile=$descriptors" "${command[@]}")
	# shellcheck disable=SC2086 # several options
	start_program "$name" "${command[@]}" --config "$dir/$name.conf" ${pushd_options-}
}

# without_control FILE: the same configuration without a control socket, for a further pushd
# beside the one that has it. Prints its path.
without_control() {
	sed 's/^control = .*/control =/' "$1" >"${1%.conf}-further.conf"
	echo "${1%.conf}-further.conf"
}

# hold USER COUNT [TOKEN]: so many sessions of that user, greeted; "release" ends them
hold() {
	command -v node >/dev/null || {
		[ "${CI-}" != true ] || return 1
		skip 'node is not installed'
	}
	exec {held}< <(exec node "$BATS_TEST_DIRNAME/push/hold.mjs" "$@" 2>&1 </dev/null 3>&-)
	holder=$!
	IFS= read -r -t 60 -u "$held" output && [ "$output" = ready ]
}

# expect_ends COUNT "CODE REASON": so many of those that are held were closed like this
expect_ends() {
	local i

	for i in $(seq "$1"); do
		IFS= read -r -t 60 -u "$held" output || return
		[ "$output" = "$2" ] || fail_with "ended with $output" || return
	done
}

release() {
	kill "$holder" 2>/dev/null || true
	exec {held}<&-
}
