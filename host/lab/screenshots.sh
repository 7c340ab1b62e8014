#!/usr/bin/env bash
# Photographs the page of `plimsoll compare --html` in headless Chromium: light, dark and narrow. For eyes, and no
# part of the tests.
#   apt-get install -y chromium
#   host/lab/screenshots.sh PAGE.html FOLDER
set -euo pipefail
page=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")

shoot() {
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars "--window-size=$2" "${@:3}" \
    "--screenshot=$folder/$1.png" "file://$page" 2>/dev/null
  test -s "$folder/$1.png"
  echo "$folder/$1.png"
}

shoot light 1160,2900
shoot dark 1160,2900 --blink-settings=preferredColorScheme=0
shoot narrow 600,2900
