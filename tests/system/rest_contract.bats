#!/usr/bin/env bats
# Each request with each of the refusals that it shares with others, so that tests/contract finds
# all that doc/openapi.yaml has.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154
load common
load rest

# METHOD PATH RIGHT [BODY] of every request, about $user and $id
requests() {
	cat <<-TABLE
		GET / user
		POST / publisher $(note)
		DELETE /?all=true user
		GET /unread-count user
		POST /read-all user
		POST /seen user
		GET /$id user
		DELETE /$id user
		PATCH /$id/read user
		PATCH /$id/unread user
		POST /batch publisher $(batch '{}')
		POST /broadcast publisher $(note_for_all)
		DELETE /broadcast/$id publisher
		DELETE /users/$user/notifications/$id publisher
		DELETE /users/$user admin
		GET /stats admin
		POST /disconnect admin {"userId":"$user","revoke":true}
		GET /healthz anyone
	TABLE
}

# each FUNCTION [METHOD...]: calls it with each request, or those with one of these methods
each() {
	local method path right sent

	while read -r method path right sent <&3; do
		[ $# -eq 1 ] || [[ " ${*:2} " = *" $method "* ]] || continue
		"$1" "$method" "$path" "$right" "$sent" || fail_with "$method $path"
	done 3<<<"$(requests)"
}

# Sends it with all rights
as_it_should() {
	TOKEN=$admin_token api "$1" "$2" "${4-}"
}

@test "each request without a token" {
	id=$(create "$user")
	without_token() {
		[ "$3" != anyone ] || return 0
		TOKEN='' api "$1" "$2" "$4"
		expect_error 401 token_missing
	}
	each without_token
}

@test "each request without the right" {
	id=$(create "$user")
	without_right() {
		[[ $3 = publisher || $3 = admin ]] || return 0
		api "$1" "$2" "$4"
		expect_error 403 forbidden
	}
	each without_right
}

@test "each request with a publisher key, which has one right alone" {
	local TOKEN

	id=$(create "$user")
	TOKEN=$("$top_builddir/cli/tidings" key add contract)
	with_key() {
		[[ $3 = user || $3 = admin ]] || return 0
		api "$1" "$2" "$4"
		expect_error 403 forbidden
	}
	each with_key
}

@test "each request with a parameter that it does not have" {
	id=$(create "$user")
	with_parameter() {
		as_it_should "$1" "${2%%\?*}?colour=red" "$3" "$4"
		expect_error 400 invalid_request
	}
	each with_parameter
}

@test "each request with a body as something else, and with too much of it" {
	id=$(create "$user")
	head -c 5000000 /dev/zero | tr '\0' ' ' >"$dir/large"
	with_wrong_body() {
		[ -n "$4" ] || return 0
		TOKEN=$admin_token api "$1" "$2" "$4" -H 'Content-Type: text/plain'
		expect_error 415 unsupported_media_type
		as_it_should "$1" "$2" "$3" "@$dir/large"
		expect_error 413 too_large
	}
	each with_wrong_body
}

@test "each request that creates, with a key that was used for something else" {
	id=$no_such_id
	with_used_key() {
		[ "$3" = publisher ] || return 0
		as_publisher "$1" "$2" "$4" -H 'Idempotency-Key: contract'
		expect_status 201
		as_publisher "$1" "$2" "$4 " -H 'Idempotency-Key: contract'
		expect_error 409 idempotency_conflict
	}
	each with_used_key POST
}

@test "each address for a page of another origin" {
	id=$(create "$user")
	preflight() {
		TOKEN='' api OPTIONS "${2%%\?*}" '' -H 'Origin: https://app.example'
		expect_status 204
		TOKEN='' api OPTIONS "${2%%\?*}" '' -H 'Origin: https://evil.example'
		expect_error 403 forbidden
	}
	each preflight
}

# All at once, for each waits a while for the store to come back
@test "each request while the store is away" {
	local pid
	local -a pids=()

	id=$(create "$user")
	stop_program stored
	without_store() (
		dir=$(mktemp -d "$BATS_TEST_TMPDIR/XXXXXX") # where api has its answer
		as_it_should "$@"
		expect_error 503 unavailable
	)
	begin_without_store() {
		without_store "$@" &
		pids+=($!)
	}
	each begin_without_store
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	start_stored
}

@test "each change while the disk is full" {
	id=$(create "$user")
	stop_program stored
	set_config store disk-reserve 1024G
	start_stored
	without_space() {
		as_it_should "$@"
		expect_error 507 storage_full
	}
	each without_space POST PATCH DELETE
	stop_program stored
	set_config store disk-reserve 1M
	start_stored
}
