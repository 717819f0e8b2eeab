#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2046 # set elsewhere; file names without spaces
# Manual pages and --help say the same: every option, its letter and its
# argument, of every program and every subcommand. And the pages are in order.
bats_require_minimum_version 1.5.0

setup() {
	export TIDINGS_CONFIG=/nonexistent
	cd "$BATS_TEST_TMPDIR" || return
	daemons >/dev/null # fails if one was not built
}

# The file of a page that was made or that is kept as it is: page NAME.SECTION
page() {
	local folder
	for folder in "$top_builddir" "$top_srcdir"; do
		if [ -f "$folder/man/$1" ]; then
			echo "$folder/man/$1"
			return 0
		fi
	done
	echo "there is no page $1" >&2
	return 1
}

pages() {
	find "$top_builddir/man" "$top_srcdir/man" -name '*.[1-9]' | sort -u
}

# The daemons and the programs behind the web server, that is all but tidings
daemons() {
	ls "$top_builddir/stored/tidings-stored" "$top_builddir/pushd/tidings-pushd" \
		"$top_builddir/away/tidings-away" \
		"$top_builddir"/cgi/*.fcgi
}

# The pages of tidings: what everybody uses, and the rest
tool_pages() {
	page tidings.1
	page tidings-admin.8
}

subcommands() {
	"$top_builddir/cli/tidings" --help | awk '/^  [a-z]/ { print $1 }'
}

# "-c --config FILE" for each option in a help text
help_options() {
	sed -nE 's/^ +((-[A-Za-z]), )?--([a-z-]+)(=([^ ]+))?( .*)?$/\2 --\3 \5/p' |
		sed -E 's/^ +//; s/ +$//' | sort
}

# page_options SECTIONS PAGE...: the same for pages, from the named sections or, if "", from all
page_options() {
	local wanted=$1
	shift
	awk -v wanted="$wanted" '
		BEGIN { n = split(wanted, names, ",") }
		/^\.S[hs] / {
			inside = wanted == ""
			for (i = 1; i <= n; i++)
				inside = inside || substr($0, 5) == names[i]
		}
		inside && /^\.It Fl/ {
			letter = name = argument = ""
			for (i = 2; i <= NF; i++) {
				if ($(i - 1) == "Fl" && $i ~ /^-/)
					name = " -" $i
				else if ($(i - 1) == "Fl")
					letter = "-" $i
				else if ($(i - 1) == "Ar")
					argument = " " $i
			}
			print letter name argument
		}' "$@" | sed 's/^ //' | sort
}

# Fails, with the difference, unless both texts are the same and not empty
same() {
	[ -n "$1" ]
	diff <(echo "$1") <(echo "$2")
}

@test "there is a page for everything that is installed" {
	page tidings.1
	page tidings.7
	page tidings-performance.7
	page tidings.conf.5
	for program in $(daemons); do
		page "$(basename "$program").8"
	done
}

@test "every page is free of warnings" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	pages | grep -q .
	run -0 --separate-stderr mandoc -T lint -W warning $(pages)
	[ -z "$output$stderr" ]
}

@test "no page was left with a placeholder in it" {
	run -1 grep -nE '@[A-Za-z]+@' $(pages)
}

@test "pages refer only to pages that there are" {
	local names name
	names=$(sed -nE 's/^\.(It )?Xr ((tidings|notifications|status)[a-z.-]*) ([1-9]).*/\2.\4/p' \
		$(pages) | sort -u)
	[ -n "$names" ]
	for name in $names; do
		page "$name"
	done
}

@test "tidings(7) leads to every page" {
	local overview name
	overview=$(page tidings.7)
	for name in $(pages); do
		name=$(basename "$name")
		[ "$name" = tidings.7 ] || grep -E "Xr ${name%.*} ${name##*.}( |$)" "$overview" || {
			echo "$name is not named"
			return 1
		}
	done
}

@test "the options of each daemon stand in its page, and no others" {
	local program
	for program in $(daemons); do
		echo "# $program"
		same "$("$program" --help | help_options)" \
			"$(page_options '' "$(page "$(basename "$program").8")")"
	done
}

@test "the subcommands of tidings stand in its pages, each once, and no others" {
	same "$(subcommands | sort)" "$(awk '$1 == ".Ss" { print $2 }' $(tool_pages) | sort)"
}

@test "the options of each subcommand stand in its section, and no others" {
	local name pages
	pages=$(tool_pages)
	for name in $(subcommands); do
		echo "# $name"
		if [ "$name" = completion ]; then # it has none
			[ -z "$("$top_builddir/cli/tidings" completion --help | help_options | grep -v -e --help -e --version)" ]
			continue
		fi
		same "$("$top_builddir/cli/tidings" "$name" --help | help_options)" \
			"$(page_options "$name,COMMON OPTIONS" $pages)"
	done
}

@test "help fits into 80 columns and goes to standard output alone" {
	local program
	for program in $(daemons) "$top_builddir/cli/tidings"; do
		run -0 --separate-stderr "$program" --help
		[ -z "$stderr" ]
		[[ $output == "Usage: "* ]]
		echo "$output" | awk 'length > 79 { print; bad = 1 } END { exit bad }'
	done
	for program in $(subcommands); do
		run -0 --separate-stderr "$top_builddir/cli/tidings" "$program" --help
		[ -z "$stderr" ]
		[[ $output == "Usage: tidings $program "* ]]
		echo "$output" | awk 'length > 79 { print; bad = 1 } END { exit bad }'
		same "$output" "$("$top_builddir/cli/tidings" help "$program")"
	done
}

@test "every program tells its version" {
	local program version
	version=$(sed -nE 's/^#define PACKAGE_VERSION "(.*)"/\1/p' "$top_builddir/config.h")
	[ -n "$version" ]
	for program in $(daemons) "$top_builddir/cli/tidings"; do
		run -0 --separate-stderr "$program" --version
		[ "$output" = "$(basename "$program") $version" ]
		[ -z "$stderr" ]
	done
}

@test "an unknown option is wrong usage, told on standard error" {
	local program
	for program in $(daemons); do
		run -2 --separate-stderr "$program" --no-such-option
		[ -z "$output" ]
		[[ $stderr == "$(basename "$program"): "* ]]
	done
	for program in $(subcommands); do
		run -2 --separate-stderr "$top_builddir/cli/tidings" "$program" --no-such-option
		[ -z "$output" ]
		[[ $stderr == "tidings $program: "* ]]
	done
}

# Pages with examples, and the tests that run them. Those of tidings-performance(7) are benchmarks,
# which take minutes and cannot fail.
examples='
	notifications.fcgi.8    page_examples.bats
	status.fcgi.8           page_examples.bats status.bats
	tidings.1               page_examples.bats
	tidings.7               page_examples.bats
	tidings-admin.8         page_examples.bats operations.bats
	tidings-away.8          page_examples.bats units.bats
	tidings-integration.7   examples.bats
	tidings-operations.7    examples.bats operations.bats
	tidings-performance.7   -
	tidings-protocol.7      examples.bats push_protocol.bats
	tidings-publishers.5    publisher_keys.bats
	tidings-pushd.8         page_examples.bats
	tidings-scaling.7       examples.bats
	tidings-security.7      operations.bats
	tidings-store.5         store_format.bats
	tidings-stored.8        page_examples.bats
	tidings-units.7         units.bats
	tidings-web.7           ../browser/web_page.mjs
	tidings-webserver.7     page_examples.bats
	tidings.conf.5          page_examples.bats
'

@test "what a page shows is run by a test that names the page" {
	local name tests test

	same "$(awk 'NF { print $1 }' <<<"$examples" | sort)" \
		"$(grep -lE '^\.(Bd -literal|Dl )' $(pages) | xargs -n 1 basename | sort -u)"
	while read -r name tests; do
		for test in ${tests#-}; do
			echo "# $name: $test"
			grep -qE "(${name//./[.]}|${name%.*}\\(${name##*.}\\))" "$top_srcdir/tests/system/$test"
		done
	done < <(grep . <<<"$examples")
}
