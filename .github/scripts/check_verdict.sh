#!/usr/bin/env bash
# Write check.json, a check run as GitHub takes it, for the pull request at commit HEAD_SHA with the LABELS (a JSON list).
# The present folder is a checkout of the base branch; HEAD_SHA was fetched into it and is read, never run.
set -euo pipefail
export GIT_NO_LAZY_FETCH=1
if ! [[ "$HEAD_SHA" =~ ^[0-9a-f]{40}$ ]]; then
    echo "::error::expected the commit of a pull request, received something else"
    exit 1
fi
mapfile -t labels < <(jq --raw-output '.[] | select(test("^[a-z][a-z-]{0,40}$"))' <<< "$LABELS")
# Whatever becomes of the comparison, a check is written: without one, a required check of an earlier push would stand.
failed='{"conclusion": "failure", "output": {"title": "The comparison ended without a verdict",
    "summary": "It took more than its time or memory, or failed: the log of the workflow says more."}}'
if ! (ulimit -v 6000000 && timeout 120 python -m tools.pull_request.check HEAD "$HEAD_SHA" "${labels[@]}" > verdict.json) ||
    [[ "$(jq 'has("conclusion") and has("output")' verdict.json 2> /dev/null)" != true ]]; then
    echo "$failed" > verdict.json
fi
jq --arg sha "$HEAD_SHA" '{name: "Replicates", head_sha: $sha, status: "completed"} + .' verdict.json > check.json
