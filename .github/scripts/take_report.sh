#!/usr/bin/env bash
# Fetch the artifact of run RUN, check that it is of the pull request's present head, and clean it into the folder taken/.
# Sets the step's output `number`; leaves it empty where the pull request has moved on.
set -euo pipefail
size=$(gh api "repos/$GITHUB_REPOSITORY/actions/runs/$RUN/artifacts" \
    --jq '[.artifacts[] | select(.name == "pull-request") | .size_in_bytes] | max // 0')
if [ "$size" -eq 0 ] || [ "$size" -gt 30000000 ]; then
    echo "::error::expected an artifact of up to 30 MB, received $size bytes"
    exit 1
fi
gh run download "$RUN" --repo "$GITHUB_REPOSITORY" --name pull-request --dir artifact
scripts=$(dirname "$0")
python3 "$scripts/clean_report.py" artifact taken \
    "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/raw/$BRANCH/PULL_REQUEST_NUMBER/$HEAD_SHA"
number=$(cat taken/number.txt)
sed -i "s#/PULL_REQUEST_NUMBER/#/$number/#g" taken/report.md
head=$(gh api "repos/$GITHUB_REPOSITORY/pulls/$number" --jq .head.sha)
if [ "$head" != "$HEAD_SHA" ]; then
    echo "::notice::pull request $number is at $head now, this report is of $HEAD_SHA: nothing to post"
    exit 0
fi
echo "number=$number" >> "$GITHUB_OUTPUT"
