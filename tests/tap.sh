# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# TAP for shell tests: source this, call check or result once per case, then
# tap_end, whose status is the test's.
tap_count=0
tap_failed=0

# result STATUS DESCRIPTION
result()
{
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
	fi
}

# check DESCRIPTION COMMAND...: show what a failing command printed.
check()
{
	local what=$1 said status=0
	shift
	said=$("$@" 2>&1) || status=$?
	result "$status" "$what"
	[ "$status" -eq 0 ] || printf '%s\n' "$said" | sed 's/^/#   /'
}

skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_end()
{
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}
