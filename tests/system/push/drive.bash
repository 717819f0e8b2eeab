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

# pushd_with NAME [SECTION KEY VALUE]...: a further one, with these settings, at $dir/NAME.sock;
# with the options in $pushd_options, and where that is set as many descriptors as $descriptors
pushd_with() {
	local name=$1
	local -a command=("$top_builddir/pushd/tidings-pushd")

	shift
	cp -r "$dir/config" "$dir/config.saved"
	set_config push listen "$dir/$name.sock"
	while [ $# -gt 0 ]; do
		set_config "$1" "$2" "$3"
		shift 3
	done
	cp "$TIDINGS_CONFIG" "$dir/$name.conf"
	rm -r "$dir/config"
	mv "$dir/config.saved" "$dir/config"
	[ -z "${descriptors-}" ] || command=("$(command -v prlimit)" "--nofile=$descriptors" "${command[@]}")
	# shellcheck disable=SC2086 # several options
	start_program "$name" "${command[@]}" --config "$dir/$name.conf" ${pushd_options-}
}
