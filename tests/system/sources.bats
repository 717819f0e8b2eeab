#!/usr/bin/env bats
# Rules about the sources that no compiler holds: which file may include which
# library, and that a header needs nothing before it.

: "${top_srcdir:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${top_builddir:=$top_srcdir}"

# only PATTERN FILE...: no source of a program but these includes a header like that
only() {
	local pattern=$1 found

	shift
	found=$(cd "$top_srcdir" && grep -rlE "^#include <($pattern)>" lib stored cgi pushd away cli |
		grep -vxFf <(printf '%s\n' "$@") || true)
	[ -z "$found" ] || { echo "<$pattern> is included by: $found" >&2; return 1; }
	# A rule about a file that no longer includes it says nothing
	(cd "$top_srcdir" && grep -lE "^#include <($pattern)>" "$@") >/dev/null
}

@test "each library is included where it belongs" {
	only 'db\.h' stored/environment.h stored/table.h
	only 'fcgiapp\.h|fcgi_.*\.h' cgi/server.c
	only 'jwt\.h' lib/token_sign.c
	only 'curl/.*' away/post.c cli/fetch.c
	only 'ini\.h' lib/config_file.c
	only 'systemd/.*' stored/main.c stored/server.c pushd/main.c pushd/server.c pushd/link.h \
		pushd/acceptor.h pushd/control_socket.h pushd/follow.h pushd/notify.c pushd/upgrade.h \
		cgi/program.c cgi/workers.c lib/journal.c away/away.c away/courier.h away/desk.h
}

@test "nothing but the programs' own folders is reached into" {
	run grep -rnE '^#include "(stored|cgi|pushd|away|cli)/' "$top_srcdir/lib"
	[ "$status" = 1 ]
	run grep -rnE '^#include "(cgi|pushd|away|cli)/' "$top_srcdir/stored"
	[ "$status" = 1 ]
	run grep -rnE '^#include "(stored|pushd|away|cli)/' "$top_srcdir/cgi"
	[ "$status" = 1 ]
	run grep -rnE '^#include "(stored|cgi|away|cli)/' "$top_srcdir/pushd"
	[ "$status" = 1 ]
	run grep -rnE '^#include "(stored|cgi|cli)/' "$top_srcdir/away"
	[ "$status" = 1 ]
	[ "$(grep -rhoE '^#include "pushd/.*' "$top_srcdir/away" | sort -u)" = '#include "pushd/feed.h"' ]
}

@test "every header compiles alone" {
	local header count=0

	while read -r header; do
		printf '#include "%s"\n' "${header#"$top_srcdir"/}" |
			${CC:-cc} -std=gnu17 -include "$top_builddir/config.h" -I "$top_srcdir" \
				-Wall -Wextra -Werror -fsyntax-only -x c -
		count=$((count + 1))
	done < <(find "$top_srcdir"/{lib,stored,cgi,pushd,away,cli} -name '*.h')
	[ "$count" -gt 40 ]
}

@test "each message id is in the catalog of the journal, and no other" {
	ids() { grep -oE '\b[0-9a-f]{32}\b' "$top_srcdir/$1" | sort; }
	[ -n "$(ids lib/log_event.c)" ]
	diff <(ids lib/log_event.c) <(ids systemd/tidings.catalog)
	[ -z "$(ids lib/log_event.c | uniq -d)" ]
}

@test "each kind of event is logged somewhere" {
	while read -r event; do
		grep -rqw "$event" "$top_srcdir"/{stored,cgi,pushd,away} || { echo "$event is never logged" >&2; return 1; }
	done < <(grep -oE '\bLOG_[A-Z_]+\b' "$top_srcdir/lib/log_event.c" | grep -v LOG_EVENTS)
}
