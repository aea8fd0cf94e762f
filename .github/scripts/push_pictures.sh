#!/usr/bin/env bash
# Put the pictures of pull request NUMBER, at commit SHA, on BRANCH of REMOTE, in place of its earlier ones; without a
# folder PICTURES, take them away. The branch keeps no history, so that it stays small.
#
#     REMOTE=... BRANCH=... push_pictures.sh NUMBER [SHA PICTURES]
set -euo pipefail
number=$1 sha=${2-} pictures=${3-}
folder=$(mktemp -d)
git init --quiet "$folder"
git -C "$folder" remote add origin "$REMOTE"
git -C "$folder" config user.name "github-actions[bot]"
git -C "$folder" config user.email "41898282+github-actions[bot]@users.noreply.github.com"
for attempt in 1 2 3 4 5; do
    git -C "$folder" rm -rfq --cached --ignore-unmatch .
    find "$folder" -mindepth 1 -maxdepth 1 -not -name .git -exec rm -rf -- {} +
    before=$(git -C "$folder" ls-remote origin "refs/heads/$BRANCH" | cut -f 1)
    if [ -n "$before" ]; then
        git -C "$folder" fetch --quiet --depth 1 origin "$before"
        git -C "$folder" read-tree --reset -u FETCH_HEAD
    fi
    rm -rf -- "${folder:?}/$number"
    if [ -n "$pictures" ]; then
        mkdir -p "$folder/$number/$sha"
        find "$pictures" -name '*.png' -exec cp -t "$folder/$number/$sha" -- {} +
    fi
    git -C "$folder" add --all
    tree=$(git -C "$folder" write-tree)
    if [ -n "$before" ] && [ "$tree" = "$(git -C "$folder" rev-parse 'FETCH_HEAD^{tree}')" ]; then exit 0; fi
    commit=$(git -C "$folder" commit-tree "$tree" -m "Pictures for pull requests")
    if git -C "$folder" push --quiet --force-with-lease="$BRANCH:$before" origin "$commit:refs/heads/$BRANCH"; then exit 0; fi
    echo "attempt $attempt: someone else pushed pictures meanwhile"
    sleep "${PAUSE:-5}"
done
exit 1
